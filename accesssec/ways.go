package accesssec

import (
	"fmt"
	"slices"

	"github.com/accesssec/accesssec-go/accesssec/policy"
)

// completeWays works out by which ways people come in here.
func (s *Service) completeWays() error {
	s.opts.Methods = slices.Clone(s.opts.Methods)
	if s.opts.Methods == nil {
		s.opts.Methods = []policy.Method{policy.Password}
		if s.opts.Notify != nil {
			s.opts.Methods = append(s.opts.Methods, policy.Link)
		}
		if s.opts.Google != nil {
			s.opts.Methods = append(s.opts.Methods, policy.Google)
		}
		return nil
	}
	for _, m := range s.opts.Methods {
		switch {
		case !m.Own():
			return fmt.Errorf("accesssec: Options.Methods: %q is no way in that a host chooses", m)
		case m == policy.Link && s.opts.Notify == nil:
			return fmt.Errorf("accesssec: Options.Methods: %q needs a Notify", m)
		case m == policy.Google && s.opts.Google == nil:
			return fmt.Errorf("accesssec: Options.Methods: %q needs a Google", m)
		}
	}
	if !slices.Contains(s.opts.Methods, policy.Password) {
		return fmt.Errorf("accesssec: Options.Methods: %q has to be there, for Owners and Admins when all else fails", policy.Password)
	}
	return nil
}

// Ways are those by which people come in here besides single sign-on, for pages that offer them.
// What an address may be offered is [SignIn.Discover]'s to say.
func (s *Service) Ways() []policy.Method { return slices.Clone(s.opts.Methods) }

// Mails reports whether people can be sent messages, without which no link reaches them.
func (s *Service) Mails() bool { return s.opts.Notify != nil }

// SignUpOpen reports whether people may make accounts of their own: [MailSignUp].
func (s *Service) SignUpOpen() bool { return s.Mails() && !s.opts.InviteOnly }

// ways are those of the host. They are not to be changed.
func (s *Service) ways() []policy.Method { return s.opts.Methods }
