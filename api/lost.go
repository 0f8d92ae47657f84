package api

import (
	"vestibule/store/tasks"
)

// A database can lose commits: at a failover to a standby that lacks them, or when a backup
// is restored. Then a user's number goes back, and the same numbers are given to other
// events. The rules:
//
//   - A lower number alone proves nothing. Notifications and reads overtake each other, and
//     a number is announced after a failed commit too, because it may have taken effect.
//   - Events that this process has read were committed. If a read that began after that
//     finds an earlier number, or another event with the same number, the event is lost.
//     Therefore whoever reads a number takes a view of the hub first.
//   - If the number is already higher again, the read of the events after it finds out that
//     they follow another event.
//   - The events of a user who is deleted go with the user, which looks the same: all are lost.
//   - Then every open stream gets what a new one would get: tasks.reset, and the events from
//     the present number on.

const lostEvents = "The database has lost changes. Read the list again."

// view is what a hub had read when a read began.
type view struct {
	latest tasks.Place
	losses int
}

// view returns the present view. The caller holds the lock.
func (h *hub) view() view { return view{h.latest, h.losses} }

// current is view for a caller that does not hold the lock.
func (h *hub) current() view {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.view()
}

// found is what a read of changes has found.
type found struct {
	changes []change
	more    bool
	now     *tasks.Place // where the history ends, if that was read too, after the changes
	lost    bool         // the changes follow another event
}

// ends compares the end of the history with a view from before it was read. lost reports
// that every stream will be told of a loss.
func (h *hub) ends(from view, now tasks.Place) (lost bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	lost = h.compare(from, now)
	h.readNews()
	return lost
}

// compare is ends for a caller that holds the lock.
func (h *hub) compare(from view, now tasks.Place) (lost bool) {
	switch {
	case from.losses != h.losses: // it may be older than the loss
		h.news = true
		return true
	case now.Lacks(from.latest):
		h.restart(now)
		return true
	}
	h.wanted = max(h.wanted, now.Seq)
	return false
}

// correct takes the end of the history, read after the changes that the hub now has, when
// there should have been events up to wanted. The caller holds the lock and reads the news.
func (h *hub) correct(wanted int64, now tasks.Place, other bool) (lost bool) {
	if other || now.Lacks(h.latest) {
		h.restart(now)
		return true
	}
	if h.wanted == wanted && wanted > now.Seq { // announced, but not committed, or lost
		h.wanted = now.Seq
		h.news = true // a lower number may have been ignored meanwhile
	}
	return false
}

// restart lets all streams begin again where the history ends now. The caller holds the lock.
func (h *hub) restart(now tasks.Place) {
	h.losses++
	h.latest, h.wanted = now, now.Seq
	h.news = true // a lower number may have been ignored meanwhile
	h.drop()
	h.kept, h.size = nil, 0 // also those that nobody was told of
	for l := range h.streams {
		l.lost = true
		l.rouse()
	}
}

// reset returns the event for a stream that has missed a loss. It comes after everything
// that the hub has read: the list has that too.
func (h *hub) reset() *change {
	return &change{seq: h.latest.Seq, data: appendReset(nil, h.latest.Seq, lostEvents)}
}
