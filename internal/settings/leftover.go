package settings

import "strings"

// leftover explains a refused value by what a shell or an editor would have removed from it, or
// returns nil. Files of variables for systemd, Docker and compose differ in what they do with
// quotation marks and $NAME.
func leftover(v string) *mistake {
	switch {
	case len(v) > 1 && (v[0] == '"' || v[0] == '\'') && v[len(v)-1] == v[0]:
		return &mistake{"is in quotation marks, which are a part of the value here", "remove them"}
	case strings.HasSuffix(v, "\r"):
		return &mistake{"ends with a carriage return, like each line of a file from Windows", "save that file with the line ends of Unix"}
	case strings.Contains(v, "${"), strings.Contains(v, "$("):
		return &mistake{"has a $ that only a shell or compose replaces", "write the value itself"}
	}
	return nil
}
