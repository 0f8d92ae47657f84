package web

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestRoomIsTakenForArrivedBytesAndGivenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewBodies(BodyLimits{One: 32 * kib, Sender: 64 * kib, All: 64 * kib})
		declared, chunked := hold(t, b, "a", 32*kib), hold(t, b, "a", -1)
		wantTaken(t, b, 0)
		declared.send(kib)
		wantTaken(t, b, 4*kib)
		declared.send(20 * kib)
		wantTaken(t, b, 32*kib+1) // the declared length, and the byte that shows the end
		declared.send(11 * kib)
		chunked.send(kib)
		wantTaken(t, b, 4*kib+32*kib+1)
		declared.end()
		if err := <-declared.err; err != nil || len(declared.got) != 32*kib {
			t.Errorf("got %d bytes, %v", len(declared.got), err)
		}
		wantTaken(t, b, 4*kib)
		chunked.end()
		wantTaken(t, b, 0)
	})
}

// TestAShortBodyNeedsNoRoom: otherwise a client that holds a few hundred bodies open would
// keep all others behind the same address from signing in.
func TestAShortBodyNeedsNoRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewBodies(BodyLimits{One: 16 * kib, Sender: 20 * kib, All: 20 * kib})
		full := hold(t, b, "a", 16*kib)
		full.send(15 * kib)
		var held []*heldBody
		for range 100 {
			held = append(held, hold(t, b, "a", 16*kib), hold(t, b, "a", -1))
		}
		wantTaken(t, b, 16*kib+1)
		short := hold(t, b, "a", kib-1)
		short.send(kib - 1)
		short.end()
		if err := <-short.err; err != nil || len(short.got) != kib-1 {
			t.Errorf("got %d bytes, %v", len(short.got), err)
		}
		for _, h := range append(held, full) {
			h.end()
		}
		wantTaken(t, b, 0)
	})
}

// TestNoSenderTakesTheRoomOfOthers fills a sender's share with bodies held open.
func TestNoSenderTakesTheRoomOfOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewBodies(BodyLimits{One: 16 * kib, Sender: 40 * kib, All: 60 * kib})
		first, second := hold(t, b, "a", 16*kib), hold(t, b, "a", 16*kib)
		first.send(15 * kib)
		second.send(15 * kib)
		third := hold(t, b, "a", -1)
		third.send(5 * kib)
		start := time.Now()
		third.send(1)
		time.Sleep(bodyWait)
		third.wantBusy()
		if took := time.Since(start); took != bodyWait {
			t.Errorf("got %v, want %v", took, bodyWait)
		}
		other := hold(t, b, "b", 16*kib)
		other.send(15 * kib)
		other.wantReading()
		third.end()
		again := hold(t, b, "a", 6*kib)
		again.send(6 * kib)
		again.end()
		if err := <-again.err; err != nil {
			t.Errorf("got %v once there is room again", err)
		}
		for _, h := range []*heldBody{first, second, other} {
			h.end()
		}
		wantTaken(t, b, 0)
	})
}

// TestTheRoomIsBounded fills it from many senders.
func TestTheRoomIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewBodies(BodyLimits{One: 16 * kib, Sender: 20 * kib, All: 32*kib + 2})
		first, second := hold(t, b, "a", 16*kib), hold(t, b, "b", 16*kib)
		for _, h := range []*heldBody{first, second} {
			h.send(15 * kib)
			h.whole()
		}
		third := hold(t, b, "c", 2*kib)
		third.send(kib)
		time.Sleep(bodyWait / 2)
		third.wantReading() // it is waiting
		first.answered()
		third.send(kib)
		third.end()
		if err := <-third.err; err != nil {
			t.Errorf("got %v, want a body that has waited", err)
		}
		first = hold(t, b, "a", 16*kib)
		first.send(15 * kib)
		first.whole()
		refused := hold(t, b, "d", 2*kib)
		refused.send(kib)
		time.Sleep(bodyWait)
		refused.wantBusy()
		refused.end()
		first.answered()
		second.answered()
		wantTaken(t, b, 0)
	})
}

// TestTheSenderWithTheMostLosesRoom: a few senders, each within its share, fill the room
// with bodies that never end.
func TestTheSenderWithTheMostLosesRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewBodies(BodyLimits{One: 16 * kib, Sender: 32*kib + 2, All: 64*kib + 4})
		greedy := map[string][]*heldBody{}
		for _, sender := range []string{"a", "a", "b", "b"} {
			h := hold(t, b, sender, 16*kib)
			h.send(15 * kib)
			greedy[sender] = append(greedy[sender], h)
		}
		wantTaken(t, b, 64*kib+4)
		for i := range 10 {
			small := hold(t, b, "c", 100)
			small.send(100)
			small.end()
			if err := <-small.err; err != nil || len(small.got) != 100 {
				t.Errorf("%d: got %d bytes, %v, want a body that is read at once", i, len(small.got), err)
			}
		}
		large := hold(t, b, "c", 16*kib)
		large.send(16 * kib)
		large.end()
		if err := <-large.err; err != nil || len(large.got) != 16*kib {
			t.Errorf("got %d bytes, %v, want a large body too", len(large.got), err)
		}
		wantTaken(t, b, 48*kib+3) // one body has lost its room
		gaveWay := 0
		for _, bodies := range greedy {
			for _, h := range bodies {
				h.send(100) // the next read returns the refusal
				select {
				case err := <-h.err:
					gaveWay++
					h.err <- err
					h.wantBusy()
				default:
				}
				h.end()
			}
		}
		if gaveWay != 1 {
			t.Errorf("%d bodies lost their room, want one", gaveWay)
		}
		wantTaken(t, b, 0)
		if len(b.coming) != 0 {
			t.Errorf("%d bodies are remembered", len(b.coming))
		}
	})
}

// TestASenderWithLessKeepsItsRoom: a sender with more cannot take it.
func TestASenderWithLessKeepsItsRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewBodies(BodyLimits{One: 4 * kib, Sender: 8 * kib, All: 8*kib + 2})
		modest, greedy := hold(t, b, "a", 4*kib), hold(t, b, "b", 4*kib)
		modest.send(3 * kib)
		greedy.send(4 * kib)
		greedy.whole()
		more := hold(t, b, "b", 2*kib)
		more.send(kib)
		time.Sleep(bodyWait)
		more.wantBusy()
		modest.send(kib)
		modest.wantReading()
		for _, h := range []*heldBody{modest, more} {
			h.end()
		}
		greedy.answered()
		wantTaken(t, b, 0)
	})
}
