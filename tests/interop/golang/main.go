// Judges a ledger of ours with the code of Go's checksum database: notes by golang.org/x/mod/sumdb/note, leaf hashes,
// inclusion and consistency proofs by golang.org/x/mod/sumdb/tlog. Prints a note of its own for us to read.
package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type inclusion struct {
	Index int64
	Note  int
	Proof [][]byte
}

type consistency struct {
	Old, New int
	Proof    [][]byte
}

type ledger struct {
	Origin, Verifier, Witness, Skey, Text string
	Notes, Wrong                          []string
	Leaves                                [][]byte
	Inclusions                            []inclusion
	Consistencies                         []consistency
}

func must(err error, what string, args ...any) {
	if err != nil {
		fmt.Fprintf(os.Stderr, what+": %v\n", append(args, err)...)
		os.Exit(1)
	}
}

func hashes(proof [][]byte) (found []tlog.Hash) {
	for _, each := range proof {
		var hash tlog.Hash
		copy(hash[:], each)
		found = append(found, hash)
	}
	return found
}

func tree(text, origin string) (found tlog.Tree, err error) {
	lines := strings.Split(text, "\n")
	if len(lines) != 4 || lines[0] != origin || lines[3] != "" {
		return found, fmt.Errorf("not a checkpoint of %s: %q", origin, text)
	}
	if found.N, err = strconv.ParseInt(lines[1], 10, 64); err != nil {
		return found, err
	}
	root, err := base64.StdEncoding.DecodeString(lines[2])
	copy(found.Hash[:], root)
	return found, err
}

func main() {
	var said ledger
	must(json.NewDecoder(os.Stdin).Decode(&said), "input")
	verifier, err := note.NewVerifier(said.Verifier)
	must(err, "verifier key")
	witness, err := note.NewVerifier(said.Witness)
	must(err, "witness key")

	var known []tlog.Tree
	for at, each := range said.Notes {
		opened, err := note.Open([]byte(each), note.VerifierList(verifier, witness))
		must(err, "note %d", at)
		if len(opened.Sigs) != 2 {
			must(fmt.Errorf("%d verified signatures, not 2", len(opened.Sigs)), "note %d", at)
		}
		checkpoint, err := tree(opened.Text, said.Origin)
		must(err, "note %d", at)
		known = append(known, checkpoint)
	}
	for at, each := range said.Wrong {
		if _, err := note.Open([]byte(each), note.VerifierList(verifier)); err == nil {
			must(fmt.Errorf("accepted"), "wrong note %d", at)
		}
	}
	for at, each := range said.Inclusions {
		in, leaf := known[each.Note], tlog.RecordHash(said.Leaves[each.Index])
		must(tlog.CheckRecord(hashes(each.Proof), in.N, in.Hash, each.Index, leaf), "inclusion %d", at)
		leaf[0] ^= 1
		if tlog.CheckRecord(hashes(each.Proof), in.N, in.Hash, each.Index, leaf) == nil {
			must(fmt.Errorf("accepted"), "another leaf at inclusion %d", at)
		}
	}
	for at, each := range said.Consistencies {
		before, after := known[each.Old], known[each.New]
		must(tlog.CheckTree(hashes(each.Proof), after.N, after.Hash, before.N, before.Hash), "consistency %d", at)
	}
	signer, err := note.NewSigner(said.Skey)
	must(err, "signing key")
	signed, err := note.Sign(&note.Note{Text: said.Text}, signer)
	must(err, "signing")
	fmt.Print(string(signed))
}
