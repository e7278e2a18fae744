/* What an application does with a token through SunPKCS11. */
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.KeyStore;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.security.Provider;
import java.security.Security;
import java.security.Signature;
import java.security.cert.Certificate;
import java.security.spec.ECGenParameterSpec;
import java.util.Arrays;
import javax.crypto.Cipher;
import javax.crypto.KeyAgreement;
import javax.crypto.KeyGenerator;
import javax.crypto.Mac;
import javax.crypto.SecretKey;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

public class Smoke {
	private static final byte[] text = "attack at dawn".getBytes();
	private static int done;

	private static void must(boolean good, String what) {
		if (!good)
			throw new IllegalStateException(what);
		done++;
	}

	private static boolean signs(Provider p, String how, PrivateKey key,
			Certificate certificate) throws Exception {
		Signature s = Signature.getInstance(how, p);
		s.initSign(key);
		s.update(text);
		byte[] signature = s.sign();
		/* judged by Java's own code */
		Signature v = Signature.getInstance(how, "SunRsaSign");
		v.initVerify(certificate);
		v.update(text);
		return v.verify(signature);
	}

	private static boolean deciphers(Provider p, PrivateKey key,
			Certificate certificate) throws Exception {
		Cipher c = Cipher.getInstance("RSA/ECB/PKCS1Padding", "SunJCE");
		c.init(Cipher.ENCRYPT_MODE, certificate.getPublicKey());
		byte[] secret = c.doFinal(text);
		c = Cipher.getInstance("RSA/ECB/PKCS1Padding", p);
		c.init(Cipher.DECRYPT_MODE, key);
		return Arrays.equals(c.doFinal(secret), text);
	}

	private static boolean seals(Provider p) throws Exception {
		KeyGenerator g = KeyGenerator.getInstance("AES", p);
		g.init(256);
		SecretKey key = g.generateKey();
		GCMParameterSpec iv = new GCMParameterSpec(128, new byte[12]);
		Cipher c = Cipher.getInstance("AES/GCM/NoPadding", p);
		c.init(Cipher.ENCRYPT_MODE, key, iv);
		c.updateAAD(text);
		byte[] sealed = c.doFinal(text);
		c.init(Cipher.DECRYPT_MODE, key, iv);
		c.updateAAD(text);
		return Arrays.equals(c.doFinal(sealed), text);
	}

	/* A clone of a digest under way is made from its saved state. */
	private static boolean digests(Provider p) throws Exception {
		MessageDigest d = MessageDigest.getInstance("SHA-256", p);
		d.update(text);
		byte[] again;
		try {
			MessageDigest copy = (MessageDigest) d.clone();
			again = copy.digest();
		} catch (CloneNotSupportedException e) {
			return false;
		}
		byte[] expected = MessageDigest.getInstance("SHA-256", "SUN")
			.digest(text);
		return Arrays.equals(d.digest(), expected) &&
			Arrays.equals(again, expected);
	}

	private static boolean agrees(Provider p) throws Exception {
		KeyPairGenerator g = KeyPairGenerator.getInstance("EC", p);
		g.initialize(new ECGenParameterSpec("secp256r1"));
		KeyPair one = g.generateKeyPair(), other = g.generateKeyPair();
		byte[][] secrets = new byte[2][];
		KeyPair[] pairs = { one, other };
		for (int i = 0; i < 2; i++) {
			KeyAgreement a = KeyAgreement.getInstance("ECDH", p);
			a.init(pairs[i].getPrivate());
			a.doPhase(pairs[1 - i].getPublic(), true);
			secrets[i] = a.generateSecret();
		}
		return secrets[0].length == 32 &&
			Arrays.equals(secrets[0], secrets[1]);
	}

	private static boolean authenticates(Provider p) throws Exception {
		SecretKeySpec key = new SecretKeySpec(text, "HmacSHA256");
		Mac m = Mac.getInstance("HmacSHA256", p);
		Mac expected = Mac.getInstance("HmacSHA256", "SunJCE");
		m.init(key);
		expected.init(key);
		return Arrays.equals(m.doFinal(text), expected.doFinal(text));
	}

	public static void main(String[] args) throws Exception {
		Provider p = Security.getProvider("SunPKCS11")
			.configure(args[0]);
		Security.addProvider(p);
		KeyStore store = KeyStore.getInstance("PKCS11", p);
		store.load(null, args[1].toCharArray());
		must(store.isKeyEntry("mine"), "no key entry");
		PrivateKey key = (PrivateKey) store.getKey("mine", null);
		Certificate certificate = store.getCertificate("mine");
		must(signs(p, "SHA256withRSA", key, certificate), "signature");
		must(deciphers(p, key, certificate), "decryption");
		must(seals(p), "AES-GCM");
		must(digests(p), "digest");
		must(agrees(p), "ECDH");
		must(authenticates(p), "HMAC");
		System.out.println("done " + done);
	}
}
