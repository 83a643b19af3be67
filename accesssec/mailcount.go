package accesssec

import (
	"context"
	"time"

	"github.com/accesssec/accesssec-go/domainclaim"
	"github.com/accesssec/accesssec-go/internal/throttle"
)

// The limits on mails that people ask for: to one address from one network, or from a browser
// of its person's, about ten in the first hours; to one address from everywhere, about forty a
// day; and from one network to whomever.
var (
	limitMail        = throttle.Limit{Free: 5, First: 5 * time.Minute, Max: time.Hour}
	limitMails       = throttle.Limit{Free: 15, First: 10 * time.Minute, Max: time.Hour}
	limitMailNetwork = throttle.Limit{Free: 50, First: time.Minute, Max: 15 * time.Minute}
	limitMove        = throttle.Limit{Free: 5, First: 10 * time.Minute, Max: time.Hour}
)

// mailCounters are those of one mail that is asked for. A browser in which the person has signed
// in before is counted by itself, so that strangers can't keep mails from them.
func (s *Service) mailCounters(ctx context.Context, v Visit, addressKey string) ([]counter, error) {
	known, err := s.knows(ctx, v, addressKey)
	if err != nil {
		return nil, err
	} else if known {
		return []counter{{name: "mail browser\x00" + v.browser(addressKey), limit: limitMail}}, nil
	}
	out := []counter{
		{name: "mail\x00" + addressKey + "\x00" + network(v.IP), limit: limitMail},
		{name: "mail\x00" + addressKey, limit: limitMails},
	}
	if outside(v.IP) {
		out = append(out, counter{name: "mail network\x00" + network(v.IP), limit: limitMailNetwork, shared: true})
	}
	return out, nil
}

// mailCountersOf are those that are forgotten when a mail is used: who has it has the mailbox,
// and need not be kept from asking again.
func mailCountersOf(v Visit, address string) []counter {
	a, err := domainclaim.ParseAddress(address)
	if err != nil {
		return nil
	}
	return []counter{
		{name: "mail\x00" + a.Key() + "\x00" + network(v.IP), limit: limitMail},
		{name: "mail\x00" + a.Key(), limit: limitMails},
		{name: "mail browser\x00" + v.browser(a.Key()), limit: limitMail},
	}
}

// moveCounters count how often a person asks for another address: each sends a mail to somebody
// whom they name.
func moveCounters(userID string) []counter {
	return []counter{{name: "move\x00" + userID, limit: limitMove}}
}
