package accesssec_test

import (
	"fmt"
	"testing"
)

// BenchmarkSCIMUser makes people, and deactivates and reactivates one of a thousand after the
// other: the whole of it, with token, domains and log, over the store in memory.
func BenchmarkSCIMUser(b *testing.B) {
	const user = `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],` +
		`"externalId":"ext-%[1]d","userName":"new-%[1]d@example.com","active":true,"displayName":"Ann Example %[1]d",` +
		`"emails":[{"primary":true,"type":"work","value":"new-%[1]d@example.com"}],"name":{"formatted":"Ann Example","familyName":"Example","givenName":"Ann"},` +
		`"title":"Engineer","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"R&D","employeeNumber":"%[1]d"}}`
	b.Run("POST", func(b *testing.B) {
		h := newSCIMHost(b, 0)
		b.ReportAllocs()
		for n := 0; b.Loop(); n++ {
			h.sends(201, "POST", "/Users", fmt.Sprintf(user, n))
		}
	})
	b.Run("PATCH active", func(b *testing.B) {
		h := newSCIMHost(b, 0)
		var ids []string
		for n := range 1000 {
			ids = append(ids, h.sends(201, "POST", "/Users", fmt.Sprintf(user, n)))
		}
		b.ReportAllocs()
		for n := 0; b.Loop(); n++ {
			h.sends(200, "PATCH", "/Users/"+ids[n%len(ids)], fmt.Sprintf(
				`{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","path":"active","value":%t}]}`, n/len(ids)%2 == 1))
		}
	})
}
