package accounts

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"strings"

	"github.com/slipway-paas/slipway/models"
)

// DeviceCookieName is the browser's cookie that says which account it has
// signed in to before. It opens nothing: it only keeps strangers from using up
// the attempts of whoever has it. A browser has one, of the last account.
const DeviceCookieName = "slipway_device"

// newDevice makes a device: a name and its HMAC under the user's password hash,
// so that nothing is kept of it and a new password makes all of them worthless.
func newDevice(user *models.User) string {
	name := rand.Text()
	return name + "." + deviceMAC(user, name)
}

// deviceName gives the name of a device that has signed in to the user's
// account before, "" of any other.
func deviceName(user *models.User, device string) string {
	name, mac, ok := strings.Cut(device, ".")
	if !ok || user == nil || user.PasswordHash == "" || !hmac.Equal([]byte(mac), []byte(deviceMAC(user, name))) {
		return ""
	}
	return name
}

func deviceMAC(user *models.User, name string) string {
	mac := hmac.New(sha256.New, []byte(user.PasswordHash))
	_, _ = mac.Write([]byte("device\x00" + user.ID + "\x00" + name))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}
