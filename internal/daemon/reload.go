package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"vestibule/bff"
	"vestibule/internal/settings"
)

// A reload takes up what has changed in the files of the settings, as far as that is safe while
// requests are served. The rules:
//
//   - All or nothing: everything is read, checked and made before anything is replaced. What
//     replaces it then cannot fail.
//   - Nothing that a reload finds ends the process.
//   - One reload runs at a time. Signals that come meanwhile ask for one more.
//   - The log says what was taken up, and which changed files need a restart. It never has a value
//     of a file that is secret.

// reloader reloads the settings of a running process.
type reloader struct {
	settings *settings.Settings // as they apply now
	bff      *bff.Server        // nil: it does not run
	log      *slog.Logger
	patience time.Duration // when the log says that a reload still reads its files

	reloads *prometheus.CounterVec
	last    prometheus.Gauge
}

// slowReload: a file may be a pipe, or on a disk that hangs. Then there would be no other record,
// and later signals seem to do nothing.
const slowReload = 10 * time.Second

// The results of a reload.
const (
	reloadApplied   = "applied"
	reloadUnchanged = "unchanged"
	reloadRefused   = "refused"
)

func newReloader(c *settings.Settings, b *bff.Server, to prometheus.Registerer, log *slog.Logger) *reloader {
	r := &reloader{settings: c, bff: b, log: log, patience: slowReload}
	r.reloads = promauto.With(to).NewCounterVec(prometheus.CounterOpts{
		Name: "vestibule_reloads_total",
		Help: "Reloads by SIGHUP, by result: applied, unchanged (no file that is reloaded has changed) or refused.",
	}, []string{"result"})
	for _, result := range []string{reloadApplied, reloadUnchanged, reloadRefused} {
		r.reloads.WithLabelValues(result)
	}
	r.last = promauto.With(to).NewGauge(prometheus.GaugeOpts{
		Name: "vestibule_last_reload_success_timestamp_seconds",
		Help: "When the files of the settings were last read without a mistake: at the start, or by a reload.",
	})
	r.last.SetToCurrentTime()
	return r
}

// run reloads at each signal until ctx ends.
func (r *reloader) run(ctx context.Context, signals <-chan os.Signal) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-signals:
			r.once(ctx)
		}
	}
}

// once reloads, and logs and counts the result.
func (r *reloader) once(ctx context.Context) {
	begun := time.Now()
	slow := time.AfterFunc(r.patience, func() {
		r.log.LogAttrs(ctx, slog.LevelWarn, "a reload still reads its files: one is a pipe, or on a disk that does not answer; later signals wait for it", slog.String("took", r.patience.String()))
	})
	defer slow.Stop()
	found, told, err := r.reload()
	if err != nil {
		r.reloads.WithLabelValues(reloadRefused).Inc()
		r.log.LogAttrs(ctx, slog.LevelError, "reload refused: everything stays as it was", refusal(err)...)
		return
	}
	r.last.SetToCurrentTime()
	result, message := reloadUnchanged, "reload: no file has changed that is reloaded"
	if len(found.Changed) > 0 {
		result, message = reloadApplied, "reloaded"
	}
	r.reloads.WithLabelValues(result).Inc()
	told = append([]slog.Attr{slog.Int("files_read", found.Read), slog.String("changed", strings.Join(found.Changed, " "))}, told...)
	r.log.LogAttrs(ctx, slog.LevelInfo, message, append(told, slog.String("took", time.Since(begun).String()))...)
	for _, variable := range found.Restart {
		r.log.LogAttrs(ctx, slog.LevelWarn, "this file has changed, and only a restart takes up its new value", slog.String("setting", variable))
	}
}

// reload reads the files and replaces what has changed. told says what has become different.
func (r *reloader) reload() (found *settings.Reloaded, told []slog.Attr, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	found, err = r.settings.Reload()
	if err != nil {
		return nil, nil, err
	}
	if r.bff != nil {
		if told, err = r.replace(found); err != nil {
			return nil, nil, err
		}
	}
	r.settings = found.Settings
	return found, told, nil
}

// replace prepares all that has changed, and then replaces it.
func (r *reloader) replace(found *settings.Reloaded) (told []slog.Attr, err error) {
	c := found.Settings
	var apply func() bff.RouteChanges
	if found.Has("ROUTES") {
		if apply, err = r.bff.PrepareRoutes(c.BFF.Routes); err != nil {
			return nil, err
		}
	}
	// From here on nothing fails.
	if found.Has("SMTP_URL") {
		r.bff.UseMailServer(c.BFF.Mail.Server)
	}
	if apply != nil {
		changes := apply()
		told = append(told, some("routes_added", changes.Added), some("routes_removed", changes.Removed), some("routes_changed", changes.Changed))
		warnRoutes(c, r.log)
		if r.settings.APIAddr != "" && c.APIAddr == "" {
			r.log.Info("no route leads to the task API any more; it runs until a restart", "setting", "ROUTES_FILE")
		}
	}
	return told, nil
}

// maxNamed is how many routes a record names in each of its lists.
const maxNamed = 20

// some returns the beginning of a list for the log.
func some(name string, list []string) slog.Attr {
	text := strings.Join(list[:min(len(list), maxNamed)], " ")
	if more := len(list) - maxNamed; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return slog.String(name, text)
}

// refusal returns the error of a reload for the log: where the first mistake is and its cure, and
// the text of all of them.
func refusal(err error) []slog.Attr {
	var faults settings.Faults
	if !errors.As(err, &faults) {
		return []slog.Attr{slog.String("error", settings.OneLine(err.Error()))}
	}
	var each []string
	for _, f := range faults {
		each = append(each, settings.OneLine(f.Error()))
	}
	first := faults[0]
	all := []slog.Attr{slog.String("setting", first.Setting), slog.String("error", strings.Join(each, " | ")), slog.String("cure", first.Cure)}
	if n := len(faults); n > 1 {
		all = append(all, slog.Int("mistakes", n))
	}
	return all
}
