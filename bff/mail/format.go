package mail

import (
	"bytes"
	"fmt"
	"html/template"
	"strings"

	gomail "github.com/wneessen/go-mail"

	"vestibule/internal/opaque"
)

// letter is the content of a mail.
type letter struct {
	Subject string
	Says    []string // paragraphs
	Button  string   // what the link does; "" for a letter without one
	Link    string
	Life    string // how long the link works
	Unless  string // what to do if the reader did not cause the mail
}

// Text is the letter as plain text, for mail programs without HTML and for people who read
// the file. The link is on a separate line.
func (l letter) Text() string {
	var b strings.Builder
	for _, p := range l.Says {
		b.WriteString(p + "\n\n")
	}
	if l.Link != "" {
		b.WriteString(l.Button + ":\n\n" + l.Link + "\n\n" + l.Life + "\n\n")
	}
	b.WriteString(l.Unless + "\n")
	return b.String()
}

var page = template.Must(template.New("mail").Parse(`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{{.Subject}}</title></head>
<body style="margin:0;padding:24px;background:#f6f5f2;font-family:system-ui,-apple-system,'Segoe UI',sans-serif;color:#1d2125;line-height:1.5">
<div style="max-width:480px;margin:0 auto;padding:32px;background:#fff;border-radius:12px">
<h1 style="margin:0 0 16px;font-size:20px">{{.Subject}}</h1>
{{range .Says}}<p>{{.}}</p>
{{end}}{{if .Link}}<p style="margin:24px 0"><a href="{{.Link}}" style="display:inline-block;padding:12px 20px;background:#0f766e;color:#fff;border-radius:8px;text-decoration:none">{{.Button}}</a></p>
<p style="font-size:14px">{{.Life}} If the button does nothing, copy this: <a href="{{.Link}}" style="color:#0f766e;word-break:break-all">{{.Link}}</a></p>
{{end}}<p style="font-size:14px;color:#5a6068">{{.Unless}}</p>
</div>
</body>
</html>
`))

// longestLine is the maximum length of a line in SMTP (RFC 5321 §4.5.3.1.6), with a margin.
const longestLine = 990

func (o *Outbox) envelope(to string, l letter) (*gomail.Msg, error) {
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	msg.FromMailAddress(&o.From)
	if err := msg.To(to); err != nil {
		return nil, fmt.Errorf("%w: %w", errNobody, err)
	}
	msg.Subject(l.Subject)
	msg.SetDateWithValue(o.Now())
	msg.SetMessageIDWithValue(opaque.NewToken() + "@" + o.BaseURL.Hostname())
	// This prevents automatic replies, such as vacation notices (RFC 3834 §5).
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	text := l.Text()
	encoding := o.sender().Encoding()
	for line := range strings.Lines(text) {
		if len(line) > longestLine {
			encoding = gomail.EncodingQP
		}
	}
	msg.SetBodyString(gomail.TypeTextPlain, text, gomail.WithPartEncoding(encoding))
	var html bytes.Buffer
	if err := page.Execute(&html, l); err != nil {
		return nil, err
	}
	msg.AddAlternativeString(gomail.TypeTextHTML, html.String(), gomail.WithPartEncoding(gomail.EncodingQP))
	return msg, nil
}
