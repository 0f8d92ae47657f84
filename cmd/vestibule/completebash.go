package main

import (
	"fmt"
	"io"
	"strings"
)

// writeBash works in bash 3.2, which macOS has, and later.
func writeBash(w io.Writer, all []completed) {
	words, _ := firstWords(all)
	two, second := groups(all)
	fmt.Fprintf(w, `# Completes vestibule in bash. Made by: vestibule completion bash
_vestibule() {
    local cur=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} command=${COMP_WORDS[1]} at=1 flag= words=
    COMPREPLY=()
    # bash has split --name=value at the =.
    if [ "$cur" = = ]; then
        flag=$before cur=
    elif [ "$before" = = ]; then
        flag=${COMP_WORDS[COMP_CWORD-2]}
    fi
    case $command in
    %s)
        at=2 command="$command ${COMP_WORDS[2]}" ;;
    esac
    if [ "$COMP_CWORD" -eq 1 ]; then
        words=%s
    elif [ "$COMP_CWORD" -le "$at" ]; then
        case ${COMP_WORDS[1]} in
`, strings.Join(two, "|"), quoted(strings.Join(words, " ")))
	for _, word := range two {
		fmt.Fprintf(w, "        %s) words=%s ;;\n", word, quoted(strings.Join(names(second[word]), " ")))
	}
	fmt.Fprint(w, "        esac\n    else\n        case \"$command ${flag:-$before}\" in\n")
	keys, cases := byWords(all)
	for _, key := range keys {
		fmt.Fprintf(w, "        %s) words=%s ;;\n", strings.Join(quotedAll(cases[key]), "|"), quoted(key))
	}
	fmt.Fprint(w, "        *) [ -n \"$flag\" ] || case $command in\n")
	for _, c := range all {
		writeBashCommand(w, c)
	}
	fmt.Fprint(w, `            esac ;;
        esac
    fi
    COMPREPLY=($(compgen -W "$words" -- "$cur"))
    case ${COMPREPLY[0]} in
    *=) compopt -o nospace 2>/dev/null ;;
    esac
}
# -o default: names of files where there is no word.
complete -o default -F _vestibule vestibule
`)
}

// writeBashCommand writes the words after the name of a command. The names of files are offered
// for arguments that have no words, unless the user has begun a flag.
func writeBashCommand(w io.Writer, c completed) {
	var flags []string
	for _, f := range c.flags {
		flags = append(flags, f.spelled())
	}
	list := quoted(strings.Join(flags, " "))
	switch {
	case len(c.words) > 0:
		fmt.Fprintf(w, "            %s) case $cur in -*) words=%s ;; *) words=%s ;; esac ;;\n", quoted(c.name), list, quoted(strings.Join(c.words, " ")))
	case c.args:
		fmt.Fprintf(w, "            %s) case $cur in -*) words=%s ;; esac ;;\n", quoted(c.name), list)
	default:
		fmt.Fprintf(w, "            %s) words=%s ;;\n", quoted(c.name), list)
	}
}

func names(all []completed) []string {
	texts := make([]string, len(all))
	for i, c := range all {
		texts[i] = c.name
	}
	return texts
}
