"""Passkeys (WebAuthn level 3): a device that its owner unlocks proves who they are."""
