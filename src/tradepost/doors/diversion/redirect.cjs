'use strict';

// Loaded into a Node program before its own code: its TLS connections to the diverted places go to what answers there
// instead. Every client ends in tls.connect (https, fetch, undici, and whatever is built on them), so that is all there
// is to wrap; the names in requests and certificates stay what the program meant.

const tls = require('node:tls');
const { syncBuiltinESMExports } = require('node:module');

// A program may start another one with hardly any environment.
const { port, places } = JSON.parse(process.env.TRADEPOST_DIVERSION ?? '{"port": 0, "places": []}');
const LOOPBACK = '127.0.0.1';
const connect = tls.connect;

tls.connect = function (...given) {
  const { options, callback } = understood(given);
  const host = String(options.host ?? 'localhost').toLowerCase().replace(/\.$/, '');
  const already = options.socket || options.path; // somebody else has made the connection, as proxy agents do
  if (already || !places.includes(`${host}:${options.port}`)) return connect.apply(this, given);
  return connect.call(this, { ...options, host: LOOPBACK, port, servername: options.servername ?? host }, callback);
};
syncBuiltinESMExports();

// tls.connect takes (options), (port, options), (port, host, options), each with or without a callback.
function understood(given) {
  const words = given.filter((word) => typeof word === 'number' || typeof word === 'string');
  const options = Object.assign({}, ...given.filter((word) => word !== null && typeof word === 'object'));
  if (words.length > 0) options.port = words[0];
  if (words.length > 1) options.host = words[1];
  return { options, callback: given.find((word) => typeof word === 'function') };
}
