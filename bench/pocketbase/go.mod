module vestibule/bench/pocketbase

go 1.26.0

require github.com/pocketbase/pocketbase v0.40.4
