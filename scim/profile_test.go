package scim_test

import (
	"slices"
	"testing"

	"github.com/accesssec/accesssec-go/scim"
)

func allTolerances() []scim.Tolerance {
	return []scim.Tolerance{
		scim.OpCase, scim.BooleanText, scim.NullValue, scim.RemoveWithValue, scim.DottedKey, scim.ValueForComplex,
		scim.ElementCreated, scim.ElementAbsent, scim.BareExtension, scim.UnknownAttribute, scim.UnknownSchema,
		scim.ReadOnlyAttribute, scim.UnknownMember, scim.NoOperations, scim.ContentType, scim.PathForm,
		scim.UnquotedFilter, scim.ExtraKey, scim.ExternalIDAgain, scim.Response,
	}
}

// Who sends a body like one of Entra's is taken by its profile; so is nobody else's by strict.
func TestProfiles(t *testing.T) {
	t.Parallel()
	onlyOf := map[scim.Tolerance][]scim.Profile{
		scim.ExternalIDAgain: {scim.Detect, scim.Okta},
		scim.Response:        {scim.Detect, scim.OneLogin},
		scim.DottedKey:       {scim.Detect, scim.Entra},
		scim.ValueForComplex: {scim.Detect, scim.Entra},
		scim.UnquotedFilter:  {scim.Detect, scim.Entra},
		scim.ExtraKey:        {scim.Detect, scim.Entra},
	}
	for _, tol := range allTolerances() {
		if !scim.Detect.Takes(tol) || !scim.Profile("").Takes(tol) {
			t.Errorf("detect does not take %s", tol)
		}
		if scim.Strict.Takes(tol) || scim.Profile("strickt").Takes(tol) {
			t.Errorf("strict, or a profile that there is not, takes %s", tol)
		}
		if want := onlyOf[tol]; want != nil {
			var got []scim.Profile
			for _, p := range scim.Profiles() {
				if p.Takes(tol) {
					got = append(got, p)
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s is taken by %v, want %v", tol, got, want)
			}
		}
	}
}

// Each profile takes the rows of its own client.
func TestEntraTakesItsRows(t *testing.T) {
	t.Parallel()
	for _, r := range rowsOfEntra() {
		has := r.has
		if has == "" {
			has = "{}"
		}
		if _, _, err := patched(t, scim.NewEngine(nil, scim.Entra), person(t, has), ops(r.ops...)); err != nil {
			t.Errorf("%s: %v", r.name, err)
		}
	}
}
