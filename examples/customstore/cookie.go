package main

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/accesssec/accesssec-go/accesssec"
)

// cookieName is the session cookie that this host always had.
const cookieName = "__Host-desk"

// session is what the cookie holds. The token of accesssec's session is one field among
// the host's own: the cookie says who might be there, and the row behind the token
// whether they still are.
type session struct {
	Token string `json:"token"`
	Theme string `json:"theme,omitempty"`
}

var errCookie = errors.New("customstore: not a cookie of ours")

// cookies seals sessions with the host's own key (AES-256-GCM, NIST SP 800-38D).
type cookies struct{ box cipher.AEAD }

// newCookies makes a key. A host reads its own from where it keeps secrets, the same for
// all instances.
func newCookies() (*cookies, error) {
	key := make([]byte, 32)
	rand.Read(key) // never fails: crypto/rand ends the program instead
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	box, err := cipher.NewGCMWithRandomNonce(block)
	return &cookies{box}, err
}

// region cookie

// set gives the browser its session, with the only copy of the token.
func (c *cookies) set(w http.ResponseWriter, in *accesssec.Entered, s session) error {
	s.Token = in.Token()
	plain, err := json.Marshal(s)
	if err != nil {
		return err
	}
	sealed := c.box.Seal(nil, nil, plain, []byte(cookieName))
	http.SetCookie(w, hardened(base64.RawURLEncoding.EncodeToString(sealed), in.EndsAt))
	return nil
}

// endregion

// clear takes it away. It ends no session: that is Me.SignOut.
func (c *cookies) clear(w http.ResponseWriter) {
	http.SetCookie(w, hardened("", time.Unix(1, 0)))
}

// read opens the cookie that came with r. Of several of one name none is trusted.
func (c *cookies) read(r *http.Request) (session, error) {
	var s session
	found := r.CookiesNamed(cookieName)
	if len(found) != 1 {
		return s, errCookie
	}
	sealed, err := base64.RawURLEncoding.DecodeString(found[0].Value)
	if err != nil {
		return s, errCookie
	}
	plain, err := c.box.Open(nil, nil, sealed, []byte(cookieName))
	if err != nil || json.Unmarshal(plain, &s) != nil {
		return session{}, errCookie
	}
	return s, nil
}

// hardened is a cookie for this host alone (RFC 6265bis, section 4.1.3).
func hardened(value string, expires time.Time) *http.Cookie {
	return &http.Cookie{
		Name: cookieName, Value: value, Path: "/", Expires: expires,
		Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
}
