package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"vestibule/internal/doctor"
	"vestibule/internal/settings"
)

// resultJSON is a result of vestibule doctor in JSON output.
type resultJSON struct {
	Check   string  `json:"check"`
	Result  string  `json:"result"` // ok, warning or failure
	Text    string  `json:"text"`   // the whole message
	Setting *string `json:"setting"`
	Problem *string `json:"problem"` // continues a sentence that starts with the setting
	Cure    *string `json:"cure"`
}

func toResultJSON(r doctor.Result) resultJSON {
	j := resultJSON{Check: r.Check, Result: string(r.State), Text: r.Text()}
	if r.State != doctor.OK {
		j.Setting, j.Problem, j.Cure = &r.Setting, &r.Problem, &r.Cure
	}
	return j
}

// examined are the commands whose settings vestibule doctor checks.
var examined = map[string]settings.Side{"serve": settings.ForServe, "bff": settings.ForBFF, "api": settings.ForAPI}

// checkInstallation is vestibule doctor.
func checkInstallation(ctx context.Context, p *program, _ *settings.Settings) error {
	if len(p.given.args) > 0 {
		return p.checkSite(ctx)
	}
	if p.given.has("cookie-file") {
		return usageError("--cookie-file needs a URL; use vestibule doctor URL --cookie-file=FILE")
	}
	in, err := p.installation()
	if err != nil {
		return err
	}
	checks, closeAll := doctor.Local(in)
	defer closeAll()
	return p.examine(ctx, checks, len(in.Faults) > 0)
}

// installation reads the settings of the command that --for names.
func (p *program) installation() (*doctor.Installation, error) {
	name := "serve"
	if given, is := p.given.options["for"]; is {
		name = given
	}
	by, known := examined[name]
	if !known {
		return nil, usageError("--for has the unknown command " + settings.Show(name) + "; use serve, bff or api")
	}
	var unread []string
	for _, flag := range slices.Sorted(maps.Keys(p.given.flags)) {
		if !slices.ContainsFunc(by.Names(), func(name string) bool { return settings.Flag(name) == flag }) {
			unread = append(unread, "--"+flag)
		}
	}
	if unread != nil {
		return nil, usageError("vestibule " + name + " does not read " + strings.Join(unread, ", ") + seeHelp("doctor"))
	}
	c, faults := settings.Examine(by, p.given.flags, p.env)
	return &doctor.Installation{Settings: c, Faults: faults, By: by}, nil
}

// examine runs the checks and prints each result at once, because a check can take seconds.
// wrongSettings makes a failure one of usage, like that of a start.
func (p *program) examine(ctx context.Context, checks []doctor.Check, wrongSettings bool) error {
	width := 0
	for _, c := range checks {
		width = max(width, len(c.Name))
	}
	found := map[doctor.State]int{}
	out := p.output()
	err := doctor.Run(ctx, checks, func(r doctor.Result) {
		found[r.State]++
		out.row(toResultJSON(r), fmt.Sprintf("%-7s  %-*s  %s", r.State, width, r.Check, r.Text()))
		out.flush()
	})
	if err != nil {
		return refusal("interrupted: not everything was checked")
	}
	failures := found[doctor.Failure]
	if !p.given.has("json") {
		out.row(nil, fmt.Sprintf("%d ok, %s, %s", found[doctor.OK], doctor.Counted(found[doctor.Warning], "warning"), doctor.Counted(failures, "failure")))
	}
	if err := out.close(); err != nil {
		return err
	}
	switch {
	case wrongSettings:
		return usageError("the settings have mistakes; a start would be refused")
	case failures > 0:
		return refusal(doctor.Counted(failures, "failure") + " found; each line says what to do")
	}
	return nil
}
