/**
 * The page's own rule of where a customer may be sent back, with the browser's URL parser: `node --test` this file.
 * The bank's rule is tested beside its type; what both say of the same addresses must not differ.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readRequest, readReturn, withNews } from '../../site/request.js';

const PAGE = 'http://localhost:7446/bank/?link=l1';

test('ways back that are meant are taken in their one spelling', () => {
  for (const [text, told] of [
    ['/wallet/', '/wallet/'],
    ['/', '/'],
    ['http://localhost:7446/wallet/', '/wallet/'],
    ['http://LOCALHOST:7446/wallet/', '/wallet/'],
    ['https://pay.example/wallet/', 'https://pay.example/wallet/'],
    ['https://PAY.example:443/wallet/', 'https://pay.example/wallet/'],
    ['http://localhost:7447/wallet/', 'http://localhost:7447/wallet/'],
    ['https://pay.example', 'https://pay.example/'],
  ]) {
    const way = readReturn(text, PAGE);
    assert.equal(way?.told, told, text);
    assert.equal(way?.isOwn, told.startsWith('/'), text);
    assert.equal(way?.href, new URL(told, PAGE).href, text);
  }
});

test('tricks are refused', () => {
  for (const text of [
    '', 'wallet/', './wallet/', '//evil.example/', '///evil.example', '/\\evil.example', '\\\\evil.example', '/\t/evil.example',
    '/\n/evil.example', '\t//evil.example', ' /wallet/', '/wallet/ ', '/wal\0let', '/w\u00e4llet/', '/\u202ewallet', '/%2e%2e/',
    '/wallet/?a', '/wallet/#a', '/@evil', 'javascript:alert(1)', 'JavaScript:alert(1)', 'java\nscript:alert(1)', '\u0001javascript:alert(1)',
    'javascript://localhost:7446/%0aalert(1)', 'data:text/html,x', 'blob:http://localhost:7446/x', 'vbscript:x', 'file:///etc/passwd',
    'http:wallet', 'http:/wallet/', 'https:evil.example', 'https:\\\\evil.example', 'http:\\/\\/evil.example', 'http://',
    'http://localhost:7446@evil.example/', 'http://a:b@localhost:7446/wallet/', 'https://pay.example\\.evil.example/',
    'https://pay.example/wallet/?x', `/${'a'.repeat(512)}`,
  ]) {
    assert.equal(readReturn(text, PAGE), null, JSON.stringify(text));
  }
});

test('whatever is taken leads to its own origin or to what the bank is asked about, and nowhere else', () => {
  const parts = ['/', '/', '\\', '.', '..', ':', '@', '%2f', '?', '#', '\t', '\n', ' ', 'http:', 'https:', 'javascript:', 'evil.example', 'localhost:7446', 'a', 'é'];
  let seed = 20_250_101;
  const next = (/** @type {number} */ below) => (seed = (seed * 48_271) % 2_147_483_647) % below;
  let taken = 0;
  for (let round = 0; round < 200_000; round += 1) {
    const text = Array.from({ length: 1 + next(7) }, () => parts[next(parts.length)]).join('');
    const way = readReturn(text, PAGE);
    if (way === null) continue;
    taken += 1;
    const url = new URL(way.href);
    assert.ok(url.protocol === 'http:' || url.protocol === 'https:', text);
    assert.equal(way.isOwn, url.origin === new URL(PAGE).origin, text);
    assert.equal(way.told, way.isOwn ? url.pathname : url.href, text);
    assert.ok(way.isOwn || /^https?:\/\//i.test(text), text);
  }
  assert.ok(taken > 1000, `only ${taken} were taken, which proves little`);
});

test('a request names each thing once, and well', () => {
  const page = (/** @type {string} */ query) => readRequest(`http://localhost:7446/bank/${query}`);
  const good = page('?link=l1&partner=shop&return=%2Fwallet%2F&lang=de');
  assert.deepEqual(good, { kind: 'good', link: 'l1', partner: 'shop', way: { href: 'http://localhost:7446/wallet/', told: '/wallet/', isOwn: true } });
  for (const query of ['', '?link=l1', '?link=l1&partner=shop', '?link=&partner=shop&return=/', '?link=a+b&partner=shop&return=/',
    '?link=l1&partner=<b>&return=/', '?link=l1&link=l2&partner=shop&return=/', '?link=l1&partner=shop&return=/&return=//evil']) {
    assert.equal(page(query).kind, 'malformed', query);
  }
  assert.deepEqual(page('?link=l1&partner=shop&return=//evil'), { kind: 'refused', partner: 'shop' });
});

test('what goes back goes in the fragment', () => {
  const way = readReturn('/wallet/', PAGE);
  assert.ok(way);
  assert.equal(withNews(way, { proof: 'a&b#c', link: 'l1' }), 'http://localhost:7446/wallet/#proof=a%26b%23c&link=l1');
});
