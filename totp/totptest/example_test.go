package totptest_test

import (
	"fmt"
	"log"
	"time"

	"github.com/accesssec/accesssec-go/totp/totptest"
)

// A test of a host plays the person with the phone.
func Example() {
	// What your set-up page shows as a QR code.
	const uri = "otpauth://totp/Acme:ann%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Acme&algorithm=SHA1&digits=6&period=30"

	phone, err := totptest.NewApp(uri)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(phone.Issuer, phone.Account)
	fmt.Println(phone.Code(time.Unix(59, 0)))
	fmt.Println(phone.Code(time.Unix(60, 0)))
	// Output:
	// Acme ann@example.com
	// 287082
	// 359152
}

// An app that knows only the defaults shows another code, and no error.
func ExampleApp_Ignoring() {
	const uri = "otpauth://totp/Acme:ann?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Acme&algorithm=SHA1&digits=8&period=30"

	phone, err := totptest.NewApp(uri)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(phone.Code(time.Unix(59, 0)))
	fmt.Println(phone.Ignoring().Code(time.Unix(59, 0)))
	// Output:
	// 94287082
	// 287082
}
