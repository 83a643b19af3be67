package lessons

import "testing"

func TestFinds(t *testing.T) {
	t.Parallel()
	b := book{root: "../..", dirs: map[string]*cases{}}
	for shown, want := range map[string]bool{
		"domainclaim:TestCheck":                              true,
		"domainclaim:TestCheck/padded (18)":                  true,
		"store/storetest:LeaseEnds":                          true,
		"accesssec:TestFlows/Mails":                          true,
		"accesssec:TestFlows/Mails/ten at once":              true,
		"domainclaim:TestNone":                               false,
		"domainclaim:TestCheck/none":                         false,
		"domainclaim:TestNone/padded (18)":                   false,
		"domainclaim:padded (18)":                            false,
		"domainclaim:seen":                                   false,
		"accesssec:TestFlows/None":                           false,
		"accesssec:TestFlows/Mails/none":                     false,
		"accesssec:TestFlows/FactorRaces/ten at once":        false,
		"accesssec:TestFlows/Mails/links for something else": false,
	} {
		if got := b.has(t, shown); got != want {
			t.Errorf("%s: found %v", shown, got)
		}
	}
}
