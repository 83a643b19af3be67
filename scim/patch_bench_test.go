package scim

import "testing"

const benchUser = `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
"externalId":"0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef","userName":"ann.example@example.com","active":true,"displayName":"Ann Example",
"emails":[{"primary":true,"type":"work","value":"ann.example@example.com"},{"type":"home","value":"ann@home.example"}],
"name":{"formatted":"Ann Example","familyName":"Example","givenName":"Ann"},"title":"Engineer",
"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"R&D","employeeNumber":"42"}}`

func benchParsed(b *testing.B) User {
	raw, err := decode([]byte(benchUser))
	if err != nil {
		b.Fatal(err)
	}
	u, err := (*Schemas)(nil).user().parseUser(fieldsOf(raw), &leniency{})
	if err != nil {
		b.Fatal(err)
	}
	u.ID, u.Meta.Version = "u1", "1"
	return u
}

func BenchmarkParseUser(b *testing.B) {
	body, m := []byte(benchUser), (*Schemas)(nil).user()
	b.ReportAllocs()
	for b.Loop() {
		raw, err := decode(body)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := m.parseUser(fieldsOf(raw), &leniency{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	body := []byte(benchUser)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := decode(body); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppendUser(b *testing.B) {
	u, m := benchParsed(b), (*Schemas)(nil).user()
	var out []byte
	b.ReportAllocs()
	for b.Loop() {
		out = m.appendUser(out[:0], u, nil, "https://api.example.com/scim/v2", nil)
	}
}

func benchmarkPatch(b *testing.B, body string) {
	u, m := benchParsed(b), (*Schemas)(nil).user()
	in := []byte(body)
	b.ReportAllocs()
	for b.Loop() {
		raw, err := decode(in)
		if err != nil {
			b.Fatal(err)
		}
		edit, err := m.patchUser(raw, &leniency{})
		if err != nil {
			b.Fatal(err)
		}
		next := u
		if changed, err := edit(&next); err != nil || !changed {
			b.Fatal(changed, err)
		}
	}
}

func BenchmarkEditActive(b *testing.B) {
	benchmarkPatch(b, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","path":"active","value":false}]}`)
}

func BenchmarkEditEmail(b *testing.B) {
	benchmarkPatch(b, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","path":"emails[type eq \"work\"].value","value":"x@example.com"}]}`)
}

func BenchmarkEditMembers(b *testing.B) {
	in, m := []byte(`{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"add","path":"members","value":[{"value":"u1"}]}]}`), (*Schemas)(nil).group()
	b.ReportAllocs()
	for b.Loop() {
		raw, err := decode(in)
		if err != nil {
			b.Fatal(err)
		}
		if _, change, err := m.patchGroup(raw, &leniency{}); err != nil || len(change.Add) != 1 {
			b.Fatal(change, err)
		}
	}
}
