package web

import "unicode"

// Shows reports whether a text has anything visible. White space, control characters and
// Unicode's ignorable characters (zero-width spaces and joiners, soft hyphens, fillers,
// variation selectors) show nothing by themselves. Inside a text they are allowed: emoji
// need them.
func Shows(text string) bool {
	for _, r := range text {
		if !unicode.IsSpace(r) && !unicode.IsControl(r) && !ignorable(r) && r != blankBraille {
			return true
		}
	}
	return false
}

// blankBraille is the Braille pattern without dots, the only symbol with an empty picture.
const blankBraille = '\u2800'

// ignorable implements Default_Ignorable_Code_Point, derived as in
// DerivedCoreProperties.txt. The unicode package lacks this property, but has the ones that
// it is derived from.
func ignorable(r rune) bool {
	switch {
	case r >= 0xFFF9 && r <= 0xFFFB, r >= 0x13430 && r <= 0x13440: // annotations, and the format of hieroglyphs
		return false
	case unicode.Is(unicode.Prepended_Concatenation_Mark, r):
		return false
	}
	return unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Cf, unicode.Variation_Selector)
}
