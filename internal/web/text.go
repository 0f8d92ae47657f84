package web

import "unicode"

// Shows says whether anything of a text can be seen. White space, control characters
// and what Unicode has to be ignored where it is not understood (zero-width spaces and
// joiners, soft hyphens, fillers, variation selectors) show nothing by themselves;
// inside a text, as between the parts of an emoji, they have their use.
func Shows(text string) bool {
	for _, r := range text {
		if !unicode.IsSpace(r) && !unicode.IsControl(r) && !ignorable(r) && r != blankBraille {
			return true
		}
	}
	return false
}

// blankBraille is a pattern of no dots. It is the one symbol whose picture is empty.
const blankBraille = '\u2800'

// ignorable is Default_Ignorable_Code_Point, derived as DerivedCoreProperties.txt has
// it: the unicode package has the properties that it is made of, and not itself.
func ignorable(r rune) bool {
	switch {
	case r >= 0xFFF9 && r <= 0xFFFB, r >= 0x13430 && r <= 0x13440: // annotations, and the format of hieroglyphs
		return false
	case unicode.Is(unicode.Prepended_Concatenation_Mark, r):
		return false
	}
	return unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Cf, unicode.Variation_Selector)
}
