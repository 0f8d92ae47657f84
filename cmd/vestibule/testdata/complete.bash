# complete.bash SCRIPT LINE...: prints each line, and below it the words that bash with the
# script offers when Tab is pressed after the line.
source "$1"
function_of=$(complete -p vestibule | sed 's/.*-F \([^ ]*\) .*/\1/')
for COMP_LINE in "${@:2}"; do
	# Readline splits a line into words like this: an = stands alone, and the last word is
	# empty after a space.
	read -ra COMP_WORDS <<<"${COMP_LINE//=/ = }"
	case $COMP_LINE in *' ') COMP_WORDS+=("") ;; esac
	COMP_POINT=${#COMP_LINE} COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
	"$function_of" vestibule "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
	printf '%s\n' "$COMP_LINE"
	[ ${#COMPREPLY[@]} -eq 0 ] || printf '\t%s\n' "${COMPREPLY[@]}"
done
