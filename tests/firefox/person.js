// The person at the browser, as Firefox's autoconfig file: answers the dialogs
// and obeys the test. It runs in the main thread of the parent process, and
// talks to the test by files, as Firefox's sockets stand still while a card
// signs.
const { IOUtils, PathUtils } = Components.utils.getGlobalForObject(Services);
const { classes: Cc, interfaces: Ci } = Components;

const folder = Services.env.get("FIREFOX_PERSON");
const person = { dialogs: [], pins: {}, choice: "", url: "", done: 0 };

function browserWindow() {
  return Services.wm.getMostRecentWindow("navigator:browser");
}

// The PIN dialog: the next PIN for the token that it names, or else Cancel.
function answerPrompt({ Dialog: dialog, setTimeout }) {
  const { promptType, text } = dialog.args;
  person.dialogs.push([promptType === "promptPassword" ? "PIN" : promptType,
    text]);
  const token = Object.keys(person.pins).find(name => text.includes(name));
  const pin = person.pins[token]?.shift();
  setTimeout(() => {
    if (pin !== undefined && promptType === "promptPassword") {
      dialog.ui.password1Textbox.value = pin;
      dialog.ui.button0.click();
    } else {
      dialog.ui.button1.click();
    }
  }, 0);
}

// The choice of a certificate, by its name; or none, for this once.
function answerChoice(dialog) {
  const window = dialog.ownerDocument.defaultView;
  const list = window.document.getElementById("nicknames");
  const labels = [...list.menupopup.children].map(item => item.label);
  person.dialogs.push(["certificate", ...labels]);
  const index = labels.findIndex(label => label.includes(person.choice));
  window.setTimeout(() => {
    list.selectedIndex = index;
    if (index >= 0) {
      dialog.acceptDialog();
    } else {
      window.document.getElementById("rememberSetting").value = 0;
      dialog.cancelDialog();
    }
  }, 0);
}

function textOf(browser) {
  return new Promise(resolve => {
    const manager = browser.messageManager;
    manager.addMessageListener("text", function take({ data }) {
      manager.removeMessageListener("text", take);
      resolve(data);
    });
    manager.loadFrameScript(
      "data:,sendAsyncMessage('text', content.document.body.innerText)", false);
  });
}

async function tokens() {
  const modules = Cc["@mozilla.org/security/pkcs11moduledb;1"]
    .getService(Ci.nsIPKCS11ModuleDB);
  const found = [];
  for (const module of await modules.listModules()) {
    for (const slot of module.slots) {
      found.push([module.name, slot.name, slot.tokenName]);
    }
  }
  return found;
}

const commands = {
  ping: () => true,
  ready: () => Boolean(browserWindow()?.gBrowserInit?.delayedStartupFinished),
  be: argument => Object.assign(person, argument) && true,
  dialogs: () => person.dialogs.splice(0),
  tokens,
  open(url) {
    person.url = url;
    browserWindow().gBrowser.selectedBrowser.loadURI(Services.io.newURI(url), {
      triggeringPrincipal: Services.scriptSecurityManager.getSystemPrincipal(),
    });
    return true;
  },
  // The text of the page that was opened, or the address of an error page that
  // came instead; nothing as long as neither is there.
  text() {
    const browser = browserWindow().gBrowser.selectedBrowser;
    if (browser.currentURI.spec !== person.url ||
        browser.webProgress.isLoadingDocument) {
      return "";
    }
    const { spec } = browser.documentURI;
    return spec.startsWith("about:") ? spec : textOf(browser);
  },
  // The settings' certificate manager, which is a dialog in their page.
  manager() {
    const window = browserWindow();
    window.resizeTo(window.screen.width, window.screen.height);
    const { contentWindow } = window.gBrowser.selectedBrowser;
    contentWindow.gSubDialog.open("chrome://pippki/content/certManager.xhtml");
    return true;
  },
  // Its rows of the user's own certificates, once they are there.
  rows() {
    const { contentWindow } = browserWindow().gBrowser.selectedBrowser;
    const { contentDocument } = contentWindow.gSubDialog._topDialog._frame;
    const tree = contentDocument?.getElementById("user-tree");
    if (!tree) {
      return [];
    }
    contentDocument.getElementById("certmanagertabs").selectedTab =
      contentDocument.getElementById("mine_tab");
    const { columns, view } = tree;
    return Array.from({ length: view?.rowCount ?? 0 }, (_, row) =>
      [...columns].map(column => view.getCellText(row, column)));
  },
  quit() {
    Services.startup.quit(Ci.nsIAppStartup.eForceQuit);
    return true;
  },
};

async function obey() {
  const ask = PathUtils.join(folder, "ask");
  if (!(await IOUtils.exists(ask))) {
    return;
  }
  const { id, command, argument } = await IOUtils.readJSON(ask);
  if (id === person.done) {
    return;
  }
  person.done = id;
  const answer = { id };
  try {
    answer.value = await commands[command](argument);
  } catch (error) {
    answer.error = `${error}\n${error.stack}`;
  }
  await IOUtils.writeJSON(PathUtils.join(folder, "answer"), answer,
    { tmpPath: PathUtils.join(folder, "answer.new") });
}

Services.obs.addObserver(answerPrompt, "common-dialog-loaded");
Services.obs.addObserver(answerChoice, "cert-dialog-loaded");
person.timer = Cc["@mozilla.org/timer;1"].createInstance(Ci.nsITimer);
person.timer.initWithCallback(() => void obey(), 50,
  Ci.nsITimer.TYPE_REPEATING_SLACK);
