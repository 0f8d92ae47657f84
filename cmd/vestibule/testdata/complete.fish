# complete.fish SCRIPT LINE...: prints each line, and below it the words that fish with the
# script offers when Tab is pressed after the line.
source $argv[1]
for line in $argv[2..-1]
    printf '%s\n' $line
    complete -C $line | while read -l word
        printf '\t%s\n' (string replace -r '\t.*' '' -- $word)
    end
end
true
