// The token that the API asks for when it is not open. Kept for this tab only.
import { byId } from './dom.js';

const Key = 'token';

export function authorization() {
  const token = sessionStorage.getItem(Key);
  return token ? { authorization: `Bearer ${token}` } : {};
}

export function askForToken(why) {
  byId('sign-in').hidden = false;
  byId('sign-in-why').textContent = sessionStorage.getItem(Key) ? why : 'This pipeline answers only with a token.';
}

byId('sign-in').addEventListener('submit', (event) => {
  event.preventDefault();
  sessionStorage.setItem(Key, byId('token').value.trim());
  byId('token').value = '';
  byId('sign-in').hidden = true;
});
