// Runs scenarios through the reference SDK (npm clean-insights-sdk): one JSON line in, one out.
//
//   node reference.js <node_modules>
//
// in:  {"configuration": {...}, "start": <epoch ms>, "steps": [[name, ...arguments], ...]}
// out: [{"posts": [[answered, body], ...], "states": {...}}, ...], one entry a step
'use strict';
const path = require('path');
const readline = require('readline');

let now = 0;
const RealDate = Date;
global.Date = class extends RealDate {
  constructor(...given) { super(...(given.length ? given : [now])); }
  static now() { return now; }
};
global.navigator = { languages: ['de-AT', 'en'], userAgent: 'Test/1.0' };

const { CleanInsights, Store } = require(path.join(process.argv[2], 'clean-insights-sdk'));

class Disk extends Store {
  load(args) { return args.saved; }
  persist(async, done) { done(); }
  send(data, server, timeout, done) {
    const failing = this.world.failures > 0;
    if (failing) this.world.failures -= 1;
    this.world.posts.push([!failing, JSON.parse(data)]);
    done(failing ? new Error('the scenario wants it so') : undefined);
  }
}

class World {
  constructor(configuration) {
    this.configuration = configuration;
    this.failures = 0;
    this.posts = [];
    this.open(configuration, undefined);
  }

  open(configuration, saved) {
    const store = new Disk({ saved });
    Object.defineProperty(store, 'world', { value: this });
    this.sdk = new CleanInsights(configuration, store);
  }

  // What the reference forgets on restart, its backoff, is carried over here: ours remembers it.
  restart(campaigns) {
    const { failedSubmissionCount, lastFailedSubmission } = this.sdk;
    const known = Object.entries(this.configuration.campaigns).filter(([id]) => campaigns.includes(id));
    const saved = JSON.parse(JSON.stringify(this.sdk.store));
    this.open({ ...this.configuration, campaigns: Object.fromEntries(known) }, saved);
    Object.assign(this.sdk, { failedSubmissionCount, lastFailedSubmission });
  }

  step(name, ...given) {
    switch (name) {
      case 'event': {
        const [category, action, campaign, label, value] = given;
        return this.sdk.measureEvent(category, action, campaign, label ?? undefined, value ?? undefined);
      }
      case 'visit': return this.sdk.measureVisit(...given);
      case 'grant': return this.sdk.grantCampaign(...given);
      case 'deny': return this.sdk.denyCampaign(...given);
      case 'grantFeature': return this.sdk.grantFeature(...given);
      case 'denyFeature': return this.sdk.denyFeature(...given);
      case 'send': return this.sdk.persistAndSend();
      case 'fail': this.failures += given[0]; return undefined;
      case 'go': now = Math.max(now, given[0]); return undefined;
      case 'restart': return this.restart(given[0]);
      default: throw new Error(`no such step: ${name}`);
    }
  }

  states() {
    const states = { lang: this.sdk.stateOfFeature('lang'), ua: this.sdk.stateOfFeature('ua') };
    for (const id of [...Object.keys(this.configuration.campaigns), 'nowhere']) {
      states[`campaign ${id}`] = this.sdk.stateOfCampaign(id);
    }
    return states;
  }
}

function run(scenario) {
  now = scenario.start;
  const world = new World(scenario.configuration);
  return scenario.steps.map(step => {
    world.step(...step);
    const posts = world.posts.splice(0);
    return { posts, states: world.states() };
  });
}

readline.createInterface({ input: process.stdin }).on('line', line => {
  process.stdout.write(`${JSON.stringify(run(JSON.parse(line)))}\n`);
});
