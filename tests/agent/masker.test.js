import assert from 'node:assert/strict';
import { test } from 'node:test';

import { SecretMasker, priceOfMasks } from './masker.js';

test('a registered value is hidden in the forms that the agent derives', () => {
  for (const [value, text, masked] of [
    ['s3cr3t', 'the s3cr3t is s3cr3t', 'the *** is ***'],
    ['s3cr3t', 'S3CR3T', 'S3CR3T'],
    ['a"b\\c\n', 'a\\"b\\\\c\\n', '***'],
    ['a b/ü!', 'a%20b%2F%C3%BC%21', '***'],
    ['a\\\\b', 'a\\b', '***'],
    ['x', 'exxit', 'e***it'],
    [' ', 'a b', 'a***b'],
    ['first\nsecond', 'first\nsecond', '***'],
    ['first\nsecond', 'first', 'first'],
    ['s3cr3t', Buffer.from('s3cr3t').toString('base64'), 'czNjcjN0'],
    [' s3cr3t ', 's3cr3t', 's3cr3t'],
    ['a%b', 'a%AZP25b', 'a%AZP25b'],
    ['\ud800s', '%EF%BF%BDs', '***'],
    ['', 'hello', 'hello'],
  ]) {
    const masker = new SecretMasker();
    masker.add(value);
    assert.equal(masker.mask(text), masked, JSON.stringify([value, text]));
  }
});

test('a secret of the job is hidden in more forms', () => {
  for (const [value, text, masked] of [
    [' s3cr3t\n', 's3cr3t', '***'],
    ['"s3cr3t"', 's3cr3t', '***'],
    ["'s3cr3t'", 's3cr3t', '***'],
    ['a%\r\nb', 'a%AZP25%0D%0Ab', '***'],
    ['a%\r\nb', 'a%%0D%0Ab', '***'],
    ['s3cr3t', 'czNjcjN0', '***'],
    ['s3cr3t', '733363723374', '733363723374'],
    [' \n', 'a \nb', 'a \nb'],
  ]) {
    const masker = new SecretMasker();
    masker.addJobSecret(value);
    assert.equal(masker.mask(text), masked, JSON.stringify([value, text]));
  }
});

test('matches that overlap or touch become one', () => {
  const masker = new SecretMasker();
  for (const value of ['abcd', 'cdef', 'gh', 'aa']) masker.add(value);
  for (const [text, masked] of [
    ['-abcdef-', '-***-'],
    ['-abcdgh-', '-***-'],
    ['-abcd-gh-', '-***-***-'],
    ['aaaaa', '***'],
  ]) {
    assert.equal(masker.mask(text), masked, text);
  }
});

test('passwords in URLs are hidden without being registered', () => {
  for (const [text, masked] of [
    ['https://user:pa55@example.com/x', 'https://user:***@example.com/x'],
    ['https://user:p%40s@example.com', 'https://user:***@example.com'],
    ['https://user:p%AZP2540s@example.com', 'https://user:***@example.com'],
    ['https://user@example.com', 'https://user@example.com'],
    ['https://example.com:443/a@b', 'https://example.com:443/a@b'],
  ]) {
    assert.equal(new SecretMasker().mask(text), masked, text);
  }
});

test('text is masked with what is registered at that moment', () => {
  const masker = new SecretMasker();
  assert.equal(masker.mask('s3cr3t'), 's3cr3t');
  masker.add('s3cr3t');
  assert.equal(masker.mask('s3cr3t'), '***');
});

test('the password of a URL is hidden, also in letters of other scripts', () => {
  const masker = new SecretMasker();
  assert.equal(masker.mask('https://user:gr\u00fc\u00dfe@host/x'), 'https://user:***@host/x');
  assert.equal(masker.mask('https://user:pa"ss@host'), 'https://user:pa"ss@host');
});

test('masks that touch leave one trace', () => {
  const masker = new SecretMasker();
  ['abcd', 'efgh', 'cdef'].forEach((value) => masker.add(value));
  assert.equal(masker.mask('x abcdefgh y'), 'x *** y');
});

test('many masks cost the agent time that grows with the square of their number', () => {
  assert.ok(priceOfMasks(1000).onceMs < 1000);
  assert.ok(priceOfMasks(2005).onceMs > 2000 && priceOfMasks(2005).onceMs < 4000);
  assert.ok(priceOfMasks(8337).onceMs > 30_000);
});
