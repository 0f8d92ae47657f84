package main

import (
	"fmt"
	"io"
	"strings"
)

// writeZsh writes a function for a file _vestibule in a folder of fpath. It can also be
// evaluated.
func writeZsh(w io.Writer, all []completed) {
	words, of := firstWords(all)
	two, second := groups(all)
	fmt.Fprint(w, `#compdef vestibule
# Completes vestibule in zsh. Made by: vestibule completion zsh
_vestibule() {
    local -a found
    local command=$words[2]
    integer at=2
    case $command in
`)
	fmt.Fprintf(w, "    %s) at=3 command=\"$command $words[3]\" ;;\n    esac\n    if (( CURRENT == 2 )); then\n        found=(\n", strings.Join(two, "|"))
	for _, word := range words {
		fmt.Fprintf(w, "            %s\n", quoted(word+":"+summaryOf(word, of[word])))
	}
	fmt.Fprint(w, "        )\n        _describe command found\n        return\n    fi\n    if (( CURRENT <= at )); then\n        case $words[2] in\n")
	for _, word := range two {
		fmt.Fprintf(w, "        %s) found=(\n", word)
		for _, c := range second[word] {
			fmt.Fprintf(w, "            %s\n", quoted(c.name+":"+c.summary))
		}
		fmt.Fprint(w, "            ) ;;\n")
	}
	fmt.Fprint(w, "        esac\n        _describe command found\n        return\n    fi\n    shift $(( at - 1 )) words\n    (( CURRENT -= at - 1 ))\n    case $command in\n")
	for _, c := range all {
		writeZshCommand(w, c)
	}
	fmt.Fprint(w, `    esac
}
if [[ $funcstack[1] == _vestibule ]]; then
    _vestibule "$@"
else
    compdef _vestibule vestibule
fi
`)
}

func writeZshCommand(w io.Writer, c completed) {
	fmt.Fprintf(w, "    %s) _arguments -S", quoted(c.name))
	for _, f := range c.flags {
		fmt.Fprintf(w, " \\\n        %s", quoted(f.spelled()+"["+f.help+"]"+zshValue(f)))
	}
	switch {
	case len(c.words) > 0:
		fmt.Fprintf(w, " \\\n        %s", quoted("1: :("+strings.Join(c.words, " ")+")"))
	case c.args:
		fmt.Fprint(w, " \\\n        '*: :_files'")
	}
	fmt.Fprint(w, " ;;\n")
}

// zshValue returns the part of a flag's description that says which values it takes.
func zshValue(f completedFlag) string {
	switch {
	case f.arg == "":
		return ""
	case len(f.words) > 0:
		return ":" + zshText(f.arg) + ":(" + strings.Join(f.words, " ") + ")"
	}
	return ":" + zshText(f.arg) + ":_files"
}

// zshText escapes the colons of a placeholder such as HOST:PORT.
func zshText(arg string) string { return strings.ReplaceAll(arg, ":", `\:`) }
