package fair

import "slices"

// unqueue removes w from the line of h.
func (r *Room) unqueue(h *holder, w *waiter) {
	i := slices.Index(h.line, w)
	h.line = slices.Delete(h.line, i, i+1)
	r.waiting--
	if len(h.line) == 0 {
		r.dropTurn(h)
	}
}

func (r *Room) dropTurn(h *holder) {
	if i := slices.Index(r.turns, h); i >= 0 {
		r.turns = slices.Delete(r.turns, i, i+1)
	}
}

// hadTurn moves h to the end of the turns if it has more waiting requests.
func (r *Room) hadTurn(h *holder) {
	if len(h.line) > 0 {
		r.dropTurn(h)
		r.turns = append(r.turns, h)
	}
}

// serve admits waiting requests while there is room.
func (r *Room) serve() {
	for r.used < r.limits.Places {
		h := r.next()
		if h == nil || !r.fits(h, h.line[0].n) {
			return
		}
		w := h.line[0]
		r.unqueue(h, w)
		r.take(h, w.n)
		r.hadTurn(h)
		w.done <- nil
	}
}

// next returns the key whose turn it is: of the waiting keys below their share, the one
// that holds the least; of equals, the one that has waited longest. The room is kept free
// for its request, however large that is.
func (r *Room) next() *holder {
	var next *holder
	for _, h := range r.turns {
		if h.used+h.line[0].n > r.limits.PerKey || next != nil && h.used >= next.used {
			continue
		}
		if next = h; h.used == 0 { // no key holds less, and thousands may wait
			break
		}
	}
	return next
}

func (r *Room) fits(h *holder, n int) bool {
	return h.used+n <= r.limits.PerKey && r.used+n <= r.limits.Places
}

func (r *Room) take(h *holder, n int) {
	h.used += n
	r.used += n
}

func (r *Room) holder(key string) *holder {
	h := r.keys[key]
	if h == nil {
		if last := len(r.spare) - 1; last >= 0 {
			h, r.spare = r.spare[last], r.spare[:last]
		} else {
			h = &holder{}
		}
		h.key = key
		r.keys[key] = h
	}
	return h
}

// forget removes a key that holds no places and does not wait.
func (r *Room) forget(h *holder) {
	if h.used == 0 && len(h.line) == 0 && r.keys[h.key] == h {
		delete(r.keys, h.key)
		if len(r.spare) < maxSpare {
			*h = holder{} // nobody refers to it: it holds nothing, and nothing of it waits
			r.spare = append(r.spare, h)
		}
	}
}

// Load returns how many places are taken and how many requests wait, in total.
func (r *Room) Load() (taken, waiting int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.used, r.waiting
}

// Waiting returns how many requests of the key wait.
func (r *Room) Waiting(key string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	if h := r.keys[key]; h != nil {
		return len(h.line)
	}
	return 0
}

// Held returns how many places the key has.
func (r *Room) Held(key string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	if h := r.keys[key]; h != nil {
		return h.used
	}
	return 0
}
