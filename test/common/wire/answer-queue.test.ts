import { expect } from 'chai';

import { OK } from '../../../src/common/reply.ts';
import { AnswerQueue } from '../../../src/common/wire/answer-queue.ts';
import { RespWriter } from '../../../src/common/wire/resp-writer.ts';

/** A queue, what it has written, and the sizes of the commands that were settled. */
function queue() {
  const writer = new RespWriter();
  const settled: number[] = [];
  const answers = new AnswerQueue(writer, (requestBytes) => {
    settled.push(requestBytes);
    return true;
  });
  return { answers, settled, written: () => Buffer.concat(writer.take()).toString() };
}

describe('answer queue', () => {
  it('writes at once while nothing waits', () => {
    const { answers, written } = queue();
    answers.reply(OK, 2);
    expect(written()).to.equal('+OK\r\n');
  });

  it('writes late answers in the order of their commands', () => {
    const { answers, written } = queue();
    const [first, second, third] = [answers.defer(2, 1), answers.defer(2, 1), answers.defer(2, 1)];
    third.answer(3);
    first.answer(1);
    expect(written()).to.equal(':1\r\n');
    second.answerRaw(Buffer.from(':2\r\n'));
    expect(written()).to.equal(':2\r\n:3\r\n');
  });

  it('begins anew after everything was answered', () => {
    const { answers, written } = queue();
    for (const value of [1, 2, 3]) {
      const ticket = answers.defer(2, 1);
      answers.reply(0, 2);
      ticket.answer(value);
    }
    expect(written()).to.equal(':1\r\n:0\r\n:2\r\n:0\r\n:3\r\n:0\r\n');
  });

  it('holds what is known behind what is not', () => {
    const { answers, written } = queue();
    const ticket = answers.defer(2, 10);
    answers.reply(2, 2);
    answers.replyRaw(Buffer.from(':3\r\n'));
    expect(written()).to.equal('');
    expect([answers.length, answers.pending, answers.requestBytes]).to.deep.equal([3, 1, 10]);
    expect(answers.heldBytes).to.be.at.least(8);

    ticket.answer(1);
    expect(written()).to.equal(':1\r\n:2\r\n:3\r\n');
    expect([answers.length, answers.pending, answers.requestBytes, answers.heldBytes]).to.deep.equal([
      0, 0, 0, 0,
    ]);
  });

  it('answers in the protocol that was spoken when the command came', () => {
    const { answers, written } = queue();
    const before = answers.defer(2, 1);
    const after = answers.defer(3, 1);
    after.answer(undefined);
    before.answer(undefined);
    expect(written()).to.equal('$-1\r\n_\r\n');
  });

  it('tells what each settled command weighed', () => {
    const { answers, settled } = queue();
    const first = answers.defer(2, 100);
    answers.defer(2, 7).answer(OK);
    first.answer(OK);
    expect(settled).to.deep.equal([7, 100]);
  });

  it('ignores answers once it is closed', () => {
    const { answers, settled, written } = queue();
    const ticket = answers.defer(2, 1);
    answers.close();
    ticket.answer(OK);
    expect([written(), settled.length, answers.pending]).to.deep.equal(['', 0, 0]);
  });

  it('takes a second answer to one command for the mistake that it is', () => {
    const { answers } = queue();
    const ticket = answers.defer(2, 1);
    ticket.answer(OK);
    expect(() => {
      ticket.answer(OK);
    }).to.throw('answered once');
  });

  it('expects answers like the largest of late', () => {
    const { answers } = queue();
    for (let turn = 0; turn < 500; turn += 1) answers.reply(OK, 2);
    expect(answers.usualAnswerBytes).to.be.below(100);
    answers.reply(Buffer.alloc(1_000_000), 2);
    answers.reply(OK, 2);
    expect(answers.usualAnswerBytes).to.be.above(900_000);
  });
});
