# complete.zsh SCRIPT LINE...: prints each line, and below it the words that an interactive
# zsh with the script offers when Tab is pressed after the line.
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell "PROMPT= ; autoload -Uz compinit; compinit -u -D; source ${(q)1}"
# compadd gets all words of a completion. With -O, -A and -D it only computes. ^U empties
# the line.
zpty -w shell '
compadd() {
    if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)* ]]; then builtin compadd "$@"; return; fi
    local -a hits; builtin compadd -A hits "$@"
    (( $#hits )) && print -rl -- "offer:"$^hits"|"
    builtin compadd "$@"
}
offers() { print; _main_complete; print -r -- "end"":of:offers"; compstate[insert]=; compstate[list]= }
zle -C offers complete-word offers; bindkey "^I" offers; bindkey "^U" kill-whole-line'
for line in "${@[2,-1]}"; do
    zpty -w -n shell $'\C-u'"$line"$'\t'
    zpty -r shell text '*end:of:offers*'
    print -r -- "$line"
    print -r -- "$text" | tr -d '\r' | sed -n 's/^offer:\(.*\)|$/	\1/p'
done
zpty -d shell
