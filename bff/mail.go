package bff

import (
	"vestibule/bff/mail"
	"vestibule/store"
)

func (s *Server) newOutbox() *mail.Outbox {
	var sender mail.Sender = mail.Folder{Path: s.cfg.Mail.Folder, Log: s.log}
	if s.cfg.Mail.Server != nil {
		sender = s.cfg.Mail.Server
	}
	return mail.New(mail.Config{BaseURL: s.cfg.BaseURL, Name: s.name(), From: s.cfg.Mail.From, Sender: sender, Now: s.now, Log: s.log}, s.store)
}

// UseMailServer makes another mail server send all mails from now on.
func (s *Server) UseMailServer(to *mail.Server) { s.mail.UseServer(to) }

// notice returns a mail that tells a user what has happened to their account.
func (s *Server) notice(u store.User, kind string) store.Mail {
	now := s.now().UTC()
	return store.Mail{Kind: kind, Recipient: u.Email, UserID: u.ID, CreatedAt: now, DueAt: now}
}
