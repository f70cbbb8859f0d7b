import ack from './lua/ack.lua';
import claim from './lua/claim.lua';
import depth from './lua/depth.lua';
import discard from './lua/discard.lua';
import enqueue from './lua/enqueue.lua';
import epoch from './lua/epoch.lua';
import expired from './lua/expired.lua';
import forget from './lua/forget.lua';
import missing from './lua/missing.lua';
import promote from './lua/promote.lua';
import putBack from './lua/put_back.lua';
import reassert from './lua/reassert.lua';
import renew from './lua/renew.lua';
import submit from './lua/submit.lua';
import sweep from './lua/sweep.lua';
import { Script } from './script';

export type ClaimReply = readonly [unreadable: number, ...taken: (string | [id: string, json: string])[]];

/** Every script of the protocol; the head of each Lua file says what its keys, arguments and reply mean. */
export const scripts = {
  ack: new Script<number>(ack),
  claim: new Script<ClaimReply>(claim),
  depth: new Script<number[]>(depth),
  discard: new Script<number>(discard),
  enqueue: new Script<number>(enqueue),
  epoch: new Script<[epoch: string, wasSet: number]>(epoch),
  expired: new Script<[cursor: string, ...fields: string[]]>(expired),
  forget: new Script<number>(forget),
  missing: new Script<string[]>(missing),
  promote: new Script<[moved: number, nextDueInMs: number]>(promote),
  putBack: new Script<number>(putBack),
  reassert: new Script<string[]>(reassert),
  renew: new Script<string[]>(renew),
  submit: new Script<number>(submit),
  sweep: new Script<number>(sweep),
} as const;
