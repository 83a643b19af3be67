package scimtest_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/scim"
	"github.com/accesssec/accesssec-go/scim/scimtest"
)

// Every body leads to the state that it must lead to: by the profile that goes by who asks, and
// by that of its client alone. Each profile refuses those that break the letter in a way that it does
// not take, and no other: strict all of them.
func TestBodies(t *testing.T) {
	t.Parallel()
	for _, profile := range scim.Profiles() {
		t.Run(string(profile), func(t *testing.T) {
			t.Parallel()
			m := newMount(t, profile)
			t.Run("All", func(t *testing.T) { t.Logf("%d bodies", scimtest.RunBodies(t, m.Target)) })
			m.empty(t)
		})
	}
	for _, b := range scimtest.Bodies() {
		if b.Profile() == scim.Detect {
			continue
		}
		t.Run(b.Client+"/"+b.Name, func(t *testing.T) {
			t.Parallel()
			scimtest.RunBody(t, newMount(t, b.Profile()).Target, b)
		})
	}
}

// Each rule that a body breaks is counted, and none that it doesn't.
func TestTolerancesNoted(t *testing.T) {
	t.Parallel()
	for _, b := range scimtest.Bodies() {
		t.Run(b.Client+"/"+b.Name, func(t *testing.T) {
			t.Parallel()
			m := newMount(t, scim.Detect)
			m.Other = nil
			t.Run("Body", func(t *testing.T) { scimtest.RunBody(t, m.Target, b) })
			var noted []scim.Tolerance
			for _, r := range m.requests() {
				for _, tolerance := range r.Tolerated {
					if !slices.Contains(noted, tolerance) && tolerance != scim.Response {
						noted = append(noted, tolerance)
					}
				}
			}
			want := slices.Clone(b.Breaks)
			slices.Sort(noted)
			slices.Sort(want)
			if !slices.Equal(noted, want) {
				t.Errorf("noted %q, want %q", noted, want)
			}
		})
	}
}

// No body that was ever added goes missing: so many are there by client, and by row of the table
// of bodies that other servers get wrong.
func TestBodiesCounted(t *testing.T) {
	t.Parallel()
	clients, rows, names := map[string]int{}, map[string]int{}, map[string]bool{}
	for _, b := range scimtest.Bodies() {
		clients[b.Client]++
		if b.Row != "" {
			rows[b.Row]++
		}
		if name := b.Client + "/" + b.Name; names[name] {
			t.Errorf("two bodies are called %q", name)
		} else {
			names[name] = true
		}
	}
	if diff := cmp.Diff(map[string]int{
		"Entra": 57, "Okta": 21, "OneLogin": 4, "JumpCloud": 5, "authentik": 7, "Keycloak": 4, "SailPoint": 3, "Salesforce": 1, "Ping": 2,
		"Google": 2, "Rippling": 3, "RFC 7643, 3": 2, "RFC 7644, 3.5.1": 1, "RFC 7644, 3.5.2": 38, "RFC 7644, 3.5.2.2": 2,
	}, clients); diff != "" {
		t.Errorf("bodies by client (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]int{
		"active as text": 6, "no-path {active:false}": 2, "replace emails[work].value, no emails": 1, "add emails[work].value, no emails": 1,
		"emails[work].value, only a home address": 2, "enterprise manager as text": 2, "manager, bare array": 1, "dotted and URN keys": 1,
		"roles[primary eq text]": 4, "op REPLACE": 2, "path DisplayName": 2, "path core-URN:displayName": 1, "no-path {name:{givenName}}": 2,
		"no-path {enterprise:{department}}": 2, "add 2nd primary email": 2, "replace id": 2, "replace valuePath no match": 2,
		"replace displayName null": 2, "schemas [] / absent": 2, "emails[value eq a.b@x].type": 1, "Remove members + $ref:null value": 2,
		"remove members[value eq]": 1, "add duplicate member": 3, "remove 2 values": 2, "remove value+other display": 1,
		"remove+add / add+remove in one": 5, "no-path add {members}": 1, "replace members": 5,
	}, rows); diff != "" {
		t.Errorf("bodies by row (-want +got):\n%s", diff)
	}
	inRows := 0
	for _, n := range rows {
		inRows += n
	}
	t.Logf("%d bodies of %d senders; %d rows with %d bodies", len(names), len(clients), len(rows), inRows)
}
