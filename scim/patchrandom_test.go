package scim_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/accesssec/accesssec-go/scim"
)

// Operations put together at random, in requests of up to five on users that earlier ones have
// left: what the fuzzer's bytes seldom come to.
func TestRandomPatches(t *testing.T) {
	t.Parallel()
	s := hostSchemas(t)
	r := rand.New(rand.NewPCG(8, 1))
	u := person(t, "{}")
	taken, refused := 0, map[string]int{}
	for range 3000 {
		var list []string
		for range 1 + r.IntN(5) {
			list = append(list, randomOp(r))
		}
		body := ops(list...)
		e := scim.NewEngine(s, scim.Detect)
		next, _, err := patched(t, e, u, body)
		if err != nil {
			refused[refusal(t, err)]++
			continue
		}
		taken++
		sent, err := e.User(next, nil, scim.View{Excluded: []string{"id", "meta", "externalId"}})
		if err != nil {
			t.Fatal(err)
		}
		back, err := scim.NewEngine(s, scim.Strict).ParseUser(sent)
		if err != nil {
			t.Fatalf("%s\ngives %s, which is refused: %v", body, sent, err)
		}
		back.ID, back.Meta, back.ExternalID = next.ID, next.Meta, next.ExternalID
		if d := cmp.Diff(next, back); d != "" {
			t.Fatalf("%s\ngives %s, which is read as another: %s", body, sent, d)
		}
		for _, list := range []string{"emails", "roles"} {
			if n := strings.Count(mustJSON(t, next.Attributes()[list]), `"primary":true`); n > 1 {
				t.Fatalf("%s\ngives %d primary %s: %s", body, n, list, sent)
			}
		}
		if u = next; r.IntN(20) == 0 {
			u = person(t, "{}")
		}
		if t.Failed() {
			t.Fatal(body)
		}
	}
	if taken < 1000 || len(refused) < 3 {
		t.Errorf("%d taken, refused %v: the operations are too alike", taken, refused)
	}
}

func randomOp(r *rand.Rand) string {
	pick := func(of ...string) string { return of[r.IntN(len(of))] }
	text := func() string { return pick(`"a"`, `"b"`, `"c"`, `""`, `null`, `"true"`) }
	element := func() string {
		return fmt.Sprintf(`{"value":%s,"type":%s,"primary":%s}`, pick(`"a"`, `"b"`, `null`), pick(`"work"`, `"home"`, `""`), pick("true", "false", `"False"`, "null"))
	}
	list := pick("emails", "roles")
	chosen := list + pick(`[type eq "work"]`, `[primary eq true]`, `[value eq "a"]`, `[type eq "home" and value sw "b"]`, `[not (primary eq true)]`)
	verb := pick("add", "replace", "remove")
	var path, value string
	switch r.IntN(9) {
	case 0:
		path, value = pick("title", "nickName", "externalId", "userName", "NAME.givenName"), text()
	case 1:
		path, value = list, pick(element(), `[`+element()+`]`, `[`+element()+`,`+element()+`]`, `[]`, `"a"`)
	case 2:
		path, value = chosen, pick(element(), element(), `{"display":"d"}`, `{}`)
	case 3:
		path, value = chosen+pick(".value", ".type", ".display"), text()
	case 4:
		path, value = pick(chosen, list)+".primary", pick("true", "false", `"True"`, "null")
	case 5:
		path, value = pick("active", "name"), pick("true", `"False"`, `{"givenName":"g"}`, `{"givenName":null,"familyName":"f"}`)
	case 6:
		path, value = pick(extURN+":manager", "manager", extURN), pick(`"1"`, `{"value":"2"}`, `[{"value":"3","$ref":"../Users/3"}]`, `{"department":"d"}`)
	case 7:
		path, value = hostURN+pick(":tags", ":badge", ":floor"), pick(`"x"`, `["x","y"]`, "1", "[]")
	default:
		return fmt.Sprintf(`{"op":%q,"value":{"title":%s,%q:[%s],"name.familyName":%s}}`, verb, text(), list, element(), text())
	}
	path = strings.ReplaceAll(path, `"`, `\"`)
	if verb == "remove" && r.IntN(2) == 0 {
		return fmt.Sprintf(`{"op":"remove","path":"%s"}`, path)
	}
	return fmt.Sprintf(`{"op":%q,"path":"%s","value":%s}`, verb, path, value)
}
