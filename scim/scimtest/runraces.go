package scimtest

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
)

// many is how many requests race.
const many = 64

// atOnce sends n requests together.
func (j judge) atOnce(n int, request func(i int) call) []reply {
	j.Helper()
	replies, errs := make([]reply, n), make([]error, n)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
		c := request(i)
		wg.Go(func() {
			<-start
			replies[i], errs[i] = j.Target.send(j.Context(), c)
		})
	}
	close(start)
	wg.Wait()
	for i := range n {
		if errs[i] != nil {
			j.Fatal(errs[i])
		}
		j.remember(replies[i])
	}
	return replies
}

func raceChecks() []check {
	return []check{
		{"MembersAdded", "RFC 7644, 3.5.2.1", testMembersRace},
		{"OneName", "RFC 7643, 2.2", func(j judge) {
			name := j.userName()
			j.oneWins(func(int) call {
				return call{method: http.MethodPost, path: "/Users", body: fmt.Sprintf(`{"schemas":[%q],"userName":%q}`, userSchema, name)}
			})
			if _, ids := j.listed("/Users", "filter="+escape(fmt.Sprintf("userName eq %q", name))); len(ids) != 1 {
				j.Errorf("%d have the name", len(ids))
			}
		}},
		{"OneExternalID", "RFC 7643, 3.1", func(j judge) {
			external := newText()
			j.oneWins(func(int) call {
				return call{method: http.MethodPost, path: "/Users", body: fmt.Sprintf(`{"schemas":[%q],"userName":%q,"externalId":%q}`, userSchema, j.userName(), external)}
			})
		}},
		{"OneGroup", "RFC 7643, 4.2", func(j judge) {
			name := newText()
			j.oneWins(func(int) call {
				return call{method: http.MethodPost, path: "/Groups", body: fmt.Sprintf(`{"schemas":[%q],"displayName":%q}`, groupSchema, name)}
			})
		}},
		{"OneRename", "RFC 7643, 2.2", func(j judge) {
			name := j.userName()
			var ids []string
			for range 8 {
				ids = append(ids, j.user("").id())
			}
			j.winners(len(ids), http.StatusOK, func(i int) call {
				return patching("/Users/"+ids[i], fmt.Sprintf(`{"op":"replace","path":"userName","value":%q}`, name))
			})
		}},
		{"OneVersion", "RFC 7644, 3.14", func(j judge) {
			u := j.user("")
			won := 0
			for _, r := range j.atOnce(16, func(i int) call {
				return conditional(patching("/Users/"+u.id(), fmt.Sprintf(`{"op":"replace","path":"title","value":"%d"}`, i)), "If-Match", u.text("meta", "version"))
			}) {
				switch r.status {
				case http.StatusOK, http.StatusNoContent:
					won++
				case http.StatusPreconditionFailed:
				default:
					j.Errorf("a loser got %v", r)
				}
			}
			if won != 1 {
				j.Errorf("%d have changed one version, want one", won)
			}
		}},
		{"NoneLost", "RFC 7644, 3.5.2", testAttributesRace},
	}
}

func (j judge) oneWins(request func(i int) call) {
	j.Helper()
	j.winners(16, http.StatusCreated, request)
}

// winners counts who has won: one must, and the others must be told that it is taken.
func (j judge) winners(n, status int, request func(i int) call) {
	j.Helper()
	won := 0
	for _, r := range j.atOnce(n, request) {
		if r.status == status {
			won++
			continue
		}
		if err := errorOf(r, http.StatusConflict, "uniqueness"); err != nil {
			j.Errorf("a loser: %v\n%v", err, r)
		}
	}
	if won != 1 {
		j.Errorf("%d of %d won, want one", won, n)
	}
}

// testMembersRace adds 64 members by 64 requests at once, then takes half of them out while
// others are put in: nothing is lost.
func testMembersRace(j judge) {
	people := make([]string, 0, many)
	for _, r := range j.atOnce(many, func(int) call {
		return call{method: http.MethodPost, path: "/Users", body: fmt.Sprintf(`{"schemas":[%q],"userName":%q}`, userSchema, j.userName())}
	}) {
		if r.status != http.StatusCreated {
			j.Fatalf("status %d, want 201\n%v", r.status, r)
		}
		people = append(people, r.id())
	}
	g := j.group()
	path := "/Groups/" + g.id()
	member := func(op string) func(i int) call {
		return func(i int) call {
			if op == "remove" && i < many/2 {
				return patching(path, fmt.Sprintf(`{"op":"remove","path":"members[value eq \"%s\"]"}`, people[i]))
			}
			return patching(path, fmt.Sprintf(`{"op":"add","path":"members","value":[{"value":%q}]}`, people[i]))
		}
	}
	for _, round := range []struct {
		op   string
		want []string
	}{{"add", slices.Clone(people)}, {"remove", slices.Clone(people[many/2:])}, {"add", slices.Clone(people)}} {
		for _, r := range j.atOnce(many, member(round.op)) {
			if r.status != http.StatusNoContent {
				j.Errorf("%s: status %d, want 204\n%v", round.op, r.status, r)
			}
		}
		slices.Sort(round.want)
		if got := memberIDs(j.read(path)); !slices.Equal(got, round.want) {
			j.Errorf("after %s of %d at once: %d members, want %d", round.op, many, len(got), len(round.want))
		}
	}
}

// testAttributesRace changes one user's attributes at once, each by a request of its own.
func testAttributesRace(j judge) {
	u := j.user("")
	path := "/Users/" + u.id()
	names := []string{"title", "nickName", "displayName", "userType", "name.givenName", "name.familyName", "name.middleName", "name.honorificPrefix"}
	for i, r := range j.atOnce(len(names), func(i int) call {
		return patching(path, fmt.Sprintf(`{"op":"replace","path":%q,"value":"v%d"}`, names[i], i))
	}) {
		if r.status != http.StatusOK && r.status != http.StatusNoContent {
			j.Errorf("%s: %v", names[i], r)
		}
	}
	got := j.read(path)
	want := fmt.Sprintf(`{"userName":%q,"active":true,"title":"v0","nickName":"v1","displayName":"v2","userType":"v3",
		"name":{"givenName":"v4","familyName":"v5","middleName":"v6","honorificPrefix":"v7"}}`, u.text("userName"))
	j.same("/Users", got, want)
}
