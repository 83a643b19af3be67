package samltest_test

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"net/url"
)

func deflated(data string) string {
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.DefaultCompression)
	if err != nil {
		panic(err)
	}
	w.Write([]byte(data))
	w.Close()
	return base64.StdEncoding.EncodeToString(b.Bytes())
}

func redirectQuery(xml string) url.Values { return url.Values{"SAMLRequest": {deflated(xml)}} }
