#!/bin/bash
# A pinentry for tests: gives PW1, PW3 or a new PIN from files in the folder
# SIGNET_TEST_DIR (pw1, pw3, new), by what the agent says that it wants.
shown=
echo 'OK'
while read -r word text; do
	case $word in
	SETDESC | SETPROMPT | SETREPEAT) shown+=" $text" ;;
	GETPIN)
		case $shown in
		*[Nn]ew*PIN* | *Repeat*) name=new ;;
		*Admin*) name=pw3 ;;
		*) name=pw1 ;;
		esac
		echo "$name:$shown" >> "$SIGNET_TEST_DIR/asked"
		echo "D $(< "$SIGNET_TEST_DIR/$name")"
		shown=
		;;
	esac
	echo 'OK'
	[ "$word" != BYE ] || exit 0
done
