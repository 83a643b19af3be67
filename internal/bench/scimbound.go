package main

import (
	"context"
	"net/http"

	"github.com/accesssec/accesssec-go/accesssec"
	"github.com/accesssec/accesssec-go/domainclaim"
	"github.com/accesssec/accesssec-go/domainclaim/dnstest"
	"github.com/accesssec/accesssec-go/store/memory"
	"github.com/accesssec/accesssec-go/store/seal"
)

// boundOrg is an org whose directory is provisioned: a token, a verified domain, the log.
type boundOrg struct {
	scim  http.Handler
	token string
}

// newBoundOrg makes one over a store in memory, for as many requests as come.
func newBoundOrg(ctx context.Context) (boundOrg, error) {
	none := boundOrg{}
	dns, err := dnstest.New()
	if err != nil {
		return none, err
	}
	defer dns.Close()
	svc, err := accesssec.New(memory.New(), "https://api.example.com", seal.GenerateRing(), &accesssec.Options{
		Resolvers: []domainclaim.Resolver{dns.Resolver()}, SCIMRate: 1 << 20, SCIMPath: "/bound/scim/v2",
	})
	if err != nil {
		return none, err
	}
	owner, err := svc.CreateOrg(ctx, "Acme", accesssec.Person{Address: "owner@example.com", Verified: true})
	if err != nil {
		return none, err
	}
	admin := svc.Admin(owner)
	domain, err := admin.ClaimDomain(ctx, "example.com")
	if err != nil {
		return none, err
	}
	record := domain.Records()[0]
	dns.SetTXT(record.Name, record.Value)
	if _, err := admin.VerifyDomain(ctx, domain.ID); err != nil {
		return none, err
	}
	token, err := admin.CreateSCIMToken(ctx, nil)
	if err != nil {
		return none, err
	}
	return boundOrg{svc.SCIM(), token.Secret()}, nil
}
