package web

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
)

// WriteJSON encodes v before it writes the status. So a value that cannot be encoded
// becomes an error and not a partial answer.
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
	// If the write fails, the client is gone: there is nobody to tell.
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
