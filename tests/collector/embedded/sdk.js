// The reference SDK (npm clean-insights-sdk) with its own browser store, against a real server.
//
//   node sdk.js <node_modules> <server> <start, epoch ms>
//
// Prints {"tested": <error or null>, "sent": [[status, body], ...]}.
'use strict';
const http = require('http');
const path = require('path');

const [modules, server, start] = process.argv.slice(2);
let now = Number(start);
const RealDate = Date;
global.Date = class extends RealDate {
  constructor(...given) { super(...(given.length ? given : [now])); }
  static now() { return now; }
};
global.navigator = { languages: ['de-AT'], userAgent: 'Test/1.0' };
const kept = {};
global.localStorage = {
  getItem: key => kept[key] ?? null,
  setItem: (key, value) => { kept[key] = value; },
  removeItem: key => { delete kept[key]; },
};
global.window = global;

const sent = [];
let finish;
global.XMLHttpRequest = class {
  open(method, url) { this.method = method; this.url = url; this.headers = {}; }
  setRequestHeader(name, value) { this.headers[name] = value; }
  send(data) {
    const headers = { ...this.headers, 'Content-Length': Buffer.byteLength(data) };
    const request = http.request(this.url, { method: this.method, headers }, response => {
      let text = '';
      response.on('data', part => { text += part; });
      response.on('end', () => {
        Object.assign(this, { readyState: 4, status: response.statusCode, responseText: text });
        if (data) sent.push([response.statusCode, JSON.parse(data)]);
        this.onreadystatechange();
        if (data && finish) finish();
      });
    });
    request.end(data);
  }
};
global.XMLHttpRequest.DONE = 4;

const { CleanInsights, BrowserStore } = require(path.join(modules, 'clean-insights-sdk'));
const day = 24 * 3600 * 1000;
const campaign = {
  start: new RealDate(now - 10 * day).toISOString(),
  end: new RealDate(now + 400 * day).toISOString(),
  aggregationPeriodLength: 1,
  numberOfPeriods: 30,
};
const configuration = { server, siteId: 5, timeout: 5, campaigns: { music: campaign } };
const sdk = new CleanInsights(configuration, new BrowserStore());
sdk.testServer(error => {
  sdk.grantCampaign('music');
  for (const value of [1, 2]) sdk.measureEvent('music', 'play', 'music', 'Größe', value);
  sdk.measureVisit(['Main', 'Settings'], 'music');
  now += 2 * day;
  finish = () => process.stdout.write(JSON.stringify({ tested: error?.message ?? null, sent }));
  sdk.persistAndSend();
});
