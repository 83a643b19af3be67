package samltest

import "html/template"

const script = `document.forms[0].submit()`

const style = `
body { margin: 0; background: #f4f3f7; color: #1f1b2d; font: 1rem/1.5 system-ui, sans-serif }
main { max-width: 34rem; margin: 3rem auto; padding: 2rem; background: #fff; border: 1px solid #d6d2e0; border-radius: .75rem }
h1 { margin-top: 0; font-size: 1.4rem }
h2 { font-size: 1rem }
code { overflow-wrap: anywhere }
button { display: block; width: 100%; margin: .5rem 0; padding: .75rem 1rem; border: 1px solid #5b3fa8; border-radius: .5rem; background: #fff; color: #3d2586; font: inherit; text-align: left; cursor: pointer }
button:hover { background: #f1edfb }
button:focus-visible, a:focus-visible, summary:focus-visible, input:focus-visible { outline: 3px solid #5b3fa8; outline-offset: 2px }
button span { display: block; color: #55506a }
details { margin-top: 1.5rem }
summary { cursor: pointer; padding: .25rem 0 }
fieldset { border: 1px solid #d6d2e0; border-radius: .5rem }
label { display: block; padding: .25rem 0 }
.note { color: #55506a }
`

// The style and the script stand in the pages byte for byte as they are hashed, so
// they are joined with the templates and not filled in.
const (
	pageHead = `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Test identity provider</title>
<style>` + style + `</style>
</head>
<body>
<main>
`
	pageFoot = `</main>
</body>
</html>
`
)

var (
	peoplePage = template.Must(template.New("people").Parse(pageHead + `<h1>Sign in</h1>
<p>To <code>{{.Provider}}</code></p>
<form method="post" action="{{.Action}}">
<input type="hidden" name="ticket" value="{{.Ticket}}">
{{range .People}}<button name="person" value="{{.Email}}">{{.FirstName}} {{.LastName}} <span>{{.Email}}</span></button>
{{else}}<p>Nobody is known here.</p>
{{end}}<details>
<summary>Misbehave</summary>
<fieldset>
<legend>What this provider does wrong</legend>
{{range .Attacks}}<label><input type="checkbox" name="attack" value="{{.}}"> {{.Explain}}</label>
{{end}}</fieldset>
</details>
</form>
<p class="note">This identity provider is for tests. It asks for no password.</p>
` + pageFoot))

	answerPage = template.Must(template.New("answer").Parse(pageHead + `<h1>{{.Title}}</h1>
<form method="post" action="{{.Action}}">
{{range $name, $values := .Form}}{{range $values}}<input type="hidden" name="{{$name}}" value="{{.}}">
{{end}}{{end}}<noscript>
<p>Your browser runs no scripts, so please press the button.</p>
<button>Continue</button>
</noscript>
</form>
</main>
<script>` + script + `</script>
</body>
</html>
`))

	startPage = template.Must(template.New("start").Parse(pageHead + `<h1>Test identity provider</h1>
{{range .Providers}}{{$bindings := .Bindings}}<section>
<h2><a href="{{.URL}}"><code>{{.Name}}</code></a></h2>
<form method="get" action="{{$.SSO}}">
<input type="hidden" name="sp" value="{{.Name}}">
<label>RelayState <input name="RelayState"></label>
<button>Start here</button>
</form>
{{range $session := .Sessions}}{{range $bindings}}<form method="post" action="{{$.Logout}}">
<input type="hidden" name="session" value="{{$session.Index}}">
<button name="binding" value="{{.}}">Sign {{$session.Email}} out, by {{.}} <span>{{$session.Index}}</span></button>
</form>
{{end}}{{end}}</section>
{{else}}<p>No service provider is trusted yet.</p>
{{end}}` + pageFoot))

	loggedOutPage = template.Must(template.New("logged out").Parse(pageHead + `<h1>{{if .Success}}Signed out{{else}}Not signed out{{end}}</h1>
<p>{{.Session.Email}} at <code>{{.Issuer}}</code>: {{.Status}}</p>
` + pageFoot))

	refusalPage = template.Must(template.New("refusal").Parse(pageHead + `<h1>This cannot be answered</h1>
<p>{{.}}</p>
` + pageFoot))
)
