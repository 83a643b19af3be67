package main

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"strings"
)

// decode reads the QR code in a picture, by a program that has nothing of ours.
func decode(ctx context.Context, png []byte) (string, error) {
	cmd := exec.CommandContext(ctx, "zbarimg", "--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", "-")
	cmd.Stdin = bytes.NewReader(png)
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("zbarimg: %w", err)
	}
	return strings.TrimRight(string(out), "\n"), nil
}
