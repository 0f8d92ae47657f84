package web

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
)

// WriteJSON encodes v before the status is written, so that a value that
// cannot be encoded becomes an error and not half an answer.
func WriteJSON(w http.ResponseWriter, status int, v any) error {
	return WriteJSONAs(w, status, "application/json", v)
}

// WriteJSONAs is WriteJSON with a media type, like application/problem+json.
func WriteJSONAs(w http.ResponseWriter, status int, mediaType string, v any) error {
	body, err := EncodeJSON(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", mediaType)
	w.WriteHeader(status)
	// A write that fails has no reader left to be told.
	_, _ = w.Write(body)
	return nil
}

// EncodeJSON returns v as WriteJSON sends it.
func EncodeJSON(v any) ([]byte, error) {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false) // the type is JSON and nosniff is set
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("encode answer: %w", err)
	}
	return bytes.TrimSuffix(buf.Bytes(), []byte("\n")), nil
}
