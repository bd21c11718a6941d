/** CLUSTER, over a small view: four partitions, three slaves, one partition never founded. */
import { expect } from 'chai';

import { type Answerer, clusterCommand } from '../../../src/common/command/cluster-commands.ts';
import { nodeIdOfGateway, nodeIdOfSlave } from '../../../src/common/command/node-id.ts';
import { epoch, slaveId, storeId } from '../../../src/common/ids.ts';
import type { Reply } from '../../../src/common/reply.ts';
import type { ClusterSettings, Configuration, SlaveRecord, Stage, View } from '../../../src/common/view.ts';
import { encodeReply } from '../../../src/common/wire/resp-writer.ts';
import { bulkText } from './fake-session.ts';

const storeOf = (number: number) => storeId(String(number).repeat(32));

const slave = (number: number, stage: Stage = 'alive'): SlaveRecord => ({
  ...{ id: slaveId(`s${number}`), store: storeOf(number), boot: { count: 1, nonce: 'x' }, stage },
  ...{ host: '10.0.0.1', port: 7000 + number, peerPort: 17000 + number, pid: number },
});

const configuration = (number: number, ...members: readonly number[]): Configuration => ({
  epoch: epoch(number),
  members: members.map((member) => ({ slave: slaveId(`s${member}`), store: storeOf(member) })),
  ownerNonce: 'x',
});

const settings: ClusterSettings = {
  ...{ partitions: 4, replicas: 2, minCopies: 1, tokens: 1, replication: 'successor' },
  ...{ heartbeatMs: 200, windowMs: 600, promiseMs: 500, requestTimeoutMs: 3000 },
};

function viewOf(slaves: readonly SlaveRecord[], configurations: readonly Configuration[]): View {
  const byId = new Map(slaves.map((record) => [record.id, record]));
  return { clusterId: 'c', epoch: epoch(9), settings, slaves: byId, configurations };
}

const usual = viewOf(
  [slave(1), slave(2), slave(3)],
  [configuration(3, 1, 2), configuration(4, 1, 2), configuration(5, 1, 3), configuration(6, 2, 1)],
);
const asSlave: Answerer = { kind: 'slave', id: slaveId('s1') };
const asGateway: Answerer = { kind: 'gateway', host: '10.0.0.9', port: 7000, peerPort: 17000 };
const [ID1, ID2, ID3] = ['s1', 's2', 's3'].map((id) => nodeIdOfSlave(slaveId(id))) as [
  string,
  string,
  string,
];

function ask(line: string, view: View = usual, answerer: Answerer = asSlave): Reply {
  const args = `CLUSTER ${line}`.split(' ').map((word) => Buffer.from(word));
  return clusterCommand(args, { view, answerer, countKeysInSlot: (slot) => slot + 1 });
}

const plain = (reply: Reply): unknown => {
  if (reply instanceof Buffer) return reply.toString();
  return Array.isArray(reply) ? reply.map(plain) : reply;
};

const infoOf = (view: View, answerer: Answerer = asSlave): ReadonlyMap<string, string> =>
  new Map(
    bulkText(ask('INFO', view, answerer))
      .trim()
      .split('\r\n')
      .map((line) => line.split(':') as [string, string]),
  );

const node = (number: number, id: string): readonly unknown[] => ['10.0.0.1', 7000 + number, id, []];

describe('CLUSTER SLOTS', () => {
  it('merges neighbours with equal members, the owner first', () => {
    expect(plain(ask('SLOTS'))).to.deep.equal([
      [0, 8191, node(1, ID1), node(2, ID2)],
      [8192, 12287, node(1, ID1), node(3, ID3)],
      [12288, 16383, node(2, ID2), node(1, ID1)],
    ]);
    expect(ask('SLOTS', usual, asGateway)).to.deep.equal(ask('SLOTS'));
  });

  it('leaves out what was never founded, and does not merge across it', () => {
    const view = viewOf(
      [slave(1)],
      [configuration(1, 1), configuration(0), configuration(2, 1), configuration(3, 1)],
    );
    expect(plain(ask('SLOTS', view))).to.deep.equal([
      [0, 4095, node(1, ID1)],
      [8192, 16383, node(1, ID1)],
    ]);
    expect(ask('SLOTS', viewOf([], []))).to.deep.equal([]);
  });
});

describe('CLUSTER SHARDS', () => {
  it('tells the same, with what each slave is to the range', () => {
    const text = encodeReply(
      ask(
        'SHARDS',
        viewOf(
          [slave(1), slave(2, 'dead')],
          [0, 1, 2, 3].map((n) => configuration(n + 1, 1 + (n % 2), 2 - (n % 2))),
        ),
      ),
      2,
    )
      .toString()
      .replaceAll('\r\n', ' ');
    expect(text).to.match(/^\*2 \*4 \$5 slots \*4 :0 :4095 :8192 :12287 \$5 nodes \*2 /);
    expect(text).to.include(
      `$2 id $40 ${ID1} $4 port :7001 $2 ip $8 10.0.0.1 $8 endpoint $8 10.0.0.1 $4 role $6 master`,
    );
    expect(text).to.include('$4 role $7 replica $18 replication-offset :0 $6 health $4 fail');
  });
});

describe('CLUSTER NODES', () => {
  it('has one master line for each slave, with what it owns', () => {
    expect(bulkText(ask('NODES'))).to.equal(
      `${ID1} 10.0.0.1:7001@17001 myself,master - 0 0 5 connected 0-12287\n` +
        `${ID2} 10.0.0.1:7002@17002 master - 0 0 6 connected 12288-16383\n` +
        `${ID3} 10.0.0.1:7003@17003 master - 0 0 0 connected\n`,
    );
  });

  it('has the gateway in its own answer, without slots', () => {
    const [first, ...others] = bulkText(ask('NODES', usual, asGateway))
      .trim()
      .split('\n');
    expect(first).to.equal(
      `${nodeIdOfGateway('10.0.0.9', 7000)} 10.0.0.9:7000@17000 myself,master - 0 0 9 connected`,
    );
    expect(others).to.have.lengthOf(3);
    expect(others.join()).to.not.include('myself');
  });

  it('says who is late and who is dead', () => {
    const lines = bulkText(ask('NODES', viewOf([slave(1), slave(2, 'suspect'), slave(3, 'dead')], []))).split(
      '\n',
    );
    expect(lines[1]).to.include(' master,fail? - 0 0 0 connected');
    expect(lines[2]).to.include(' master,fail - 0 0 0 disconnected');
  });
});

describe('CLUSTER INFO', () => {
  it('is ok when every partition has an owner that is not dead', () => {
    const facts = infoOf(usual);
    expect(facts.get('cluster_state')).to.equal('ok');
    expect(facts.get('cluster_slots_ok')).to.equal('16384');
    expect([facts.get('cluster_known_nodes'), facts.get('cluster_size')]).to.deep.equal(['3', '2']);
    expect([facts.get('cluster_current_epoch'), facts.get('cluster_my_epoch')]).to.deep.equal(['9', '5']);
    expect(infoOf(usual, asGateway).get('cluster_known_nodes')).to.equal('4');
  });

  it('is still ok when owners are late, and fails when one is dead, gone, or another store', () => {
    const withS2 = (...records: readonly SlaveRecord[]): ReadonlyMap<string, string> =>
      infoOf(viewOf([slave(1), ...records], usual.configurations));
    const suspect = withS2(slave(2, 'suspect'));
    expect([suspect.get('cluster_state'), suspect.get('cluster_slots_pfail')]).to.deep.equal(['ok', '4096']);
    for (const facts of [withS2(slave(2, 'dead')), withS2(), withS2({ ...slave(2), store: storeOf(8) })]) {
      expect([facts.get('cluster_state'), facts.get('cluster_slots_fail')]).to.deep.equal(['fail', '4096']);
    }
  });

  it('fails while a partition was never founded', () => {
    const facts = infoOf(viewOf([slave(1)], [configuration(1, 1)]));
    expect([facts.get('cluster_state'), facts.get('cluster_slots_assigned')]).to.deep.equal(['fail', '4096']);
  });
});

describe('CLUSTER KEYSLOT, MYID, COUNTKEYSINSLOT, HELP', () => {
  it('answer as Redis does', () => {
    const text = (line: string, answerer?: Answerer): string =>
      encodeReply(ask(line, usual, answerer), 2)
        .toString()
        .trim();
    expect(text('KEYSLOT abc')).to.equal(':7638');
    expect(text('MYID')).to.equal(`$40\r\n${ID1}`);
    expect(text('MYID', asGateway)).to.equal(`$40\r\n${nodeIdOfGateway('10.0.0.9', 7000)}`);
    expect(text('COUNTKEYSINSLOT 16383')).to.equal(':16384');
    expect(text('COUNTKEYSINSLOT 16384')).to.equal('-ERR Invalid slot');
    expect(text('COUNTKEYSINSLOT -1')).to.equal('-ERR Invalid slot');
    expect(text('COUNTKEYSINSLOT x')).to.equal('-ERR value is not an integer or out of range');
    expect(text('HELP')).to.match(/^\*\d+\r\n\+CLUSTER <subcommand>/);
  });
});

describe('node ids', () => {
  it('are 40 hex digits, and stay what they are', () => {
    expect(nodeIdOfSlave(slaveId('s1'))).to.equal('2a363b91d5083559806482c06b012a14ecbe30cc');
    const many = Array.from({ length: 2_000 }, (_, number) => nodeIdOfSlave(slaveId(`s${number}`)));
    expect(new Set(many).size).to.equal(many.length);
    expect(many.every((id) => /^[0-9a-f]{40}$/.test(id))).to.equal(true);
    expect(new Set(many.map((id) => id.slice(0, 8))).size).to.be.above(1_995);
  });
});
