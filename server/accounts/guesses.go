package accounts

import (
	"time"

	"github.com/slipway-paas/slipway/models"
)

// guesses bounds how often passwords can be guessed, in memory that is bounded
// too. It promises:
//
//   - Whoever guesses from one address is stopped: at one account after 10
//     failures (then one every 30 s), at all accounts together after 30 (then one
//     every 5 s, since offices share an address).
//   - Whoever guesses at one account from many addresses is slowed to 100
//     failures and then one every 30 s.
//   - A stranger at other addresses never stops a browser that has signed in to
//     the account before: the account's limit is not for it, and it has its
//     attempts to itself. A browser that is new to the account is held up by a
//     crowd of at least 10 addresses, until it uses a sign-in link.
//
// A success costs nothing. Which accounts there are cannot be told from it.
type guesses struct {
	byPeer    *throttle
	byPair    *throttle // an account at an address, or on a known device
	byAccount *throttle
}

func newGuesses() guesses {
	return guesses{
		byPeer:    newThrottle(30, 5*time.Second),
		byPair:    newThrottle(10, 30*time.Second),
		byAccount: newThrottle(100, 30*time.Second),
	}
}

// takePeer counts an attempt of an address and gives what takes that back.
func (g guesses) takePeer(peer Peer) (forgive func(), err error) {
	key := peerKey(peer.IP)
	return func() { g.byPeer.forgive(key) }, g.byPeer.take(key)
}

// take counts an attempt at an account, whose user is nil when there is none,
// and gives what takes that back. The attempt of the address is counted before.
func (g guesses) take(email string, user *models.User, peer Peer) (forgive func(), err error) {
	if name := deviceName(user, peer.Device); name != "" {
		pair := email + "\x00device\x00" + name
		return func() { g.byPair.forgive(pair) }, g.byPair.take(pair)
	}
	pair := email + "\x00address\x00" + peerKey(peer.IP)
	if err := g.byPair.take(pair); err != nil {
		return nil, err
	}
	if err := g.byAccount.take(email); err != nil {
		g.byPair.forgive(pair)
		return nil, err
	}
	return func() { g.byPair.forgive(pair); g.byAccount.forgive(email) }, nil
}

// takeOwn counts an attempt of somebody signed in to say their own password.
func (g guesses) takeOwn(email string) (forgive func(), err error) {
	key := email + "\x00own"
	return func() { g.byPair.forgive(key) }, g.byPair.take(key)
}
