import { oneLine, seconds, size } from '../format';
import { Icon } from '../icons';
import type { Failure, Operation, Step } from '../protocol';
import { t } from '../strings';
import { Name, useNow, memo } from './parts';

const ROLLBACK = 'rollback';

/** The steps of an operation, in the order in which they came. */
export const Timeline = memo(function Timeline({
  operation,
  skew,
  said = null,
}: {
  operation: Operation;
  skew: number;
  /** An error that stands beside it: a step that failed by it does not tell it again. */
  said?: Failure | null;
}) {
  const running = operation.elapsed === null;
  const now = useNow(running) - skew;
  const longest = Math.max(...operation.steps.map((s) => s.elapsed ?? now - s.began), 1e-6);
  const many = operation.plugins.length > 1;
  return (
    <ol class="tp-timeline" aria-label={t.timeline(operation.operation)}>
      {operation.steps.map((step, index) => (
        <Line key={index} step={step} {...{ now, longest, many, said }} />
      ))}
      <li class={`tp-step tp-end ${running ? 'tp-started' : ''}`}>
        <Icon name={running ? 'started' : endIcon(operation.outcome)} />
        <b class="tp-phase">
          {running ? t.busy(t.operation(operation.operation)) : t.outcome(operation.outcome)}
        </b>
        <span class="tp-time">
          {running ? t.running(now - operation.began) : seconds(operation.elapsed ?? 0)}
        </span>
      </li>
    </ol>
  );
});

function endIcon(outcome: string): 'failed' | 'back' | 'finished' {
  if (outcome === 'rolled back') return 'back';
  return outcome === 'failed' || outcome === 'aborted' ? 'failed' : 'finished';
}

function Line({
  step,
  now,
  longest,
  many,
  said,
}: {
  step: Step;
  now: number;
  longest: number;
  many: boolean;
  said: Failure | null;
}) {
  const elapsed = step.elapsed ?? Math.max(now - step.began, 0);
  const back = step.phase === ROLLBACK;
  const bar = { width: `${Math.max(2, Math.min(100, (100 * elapsed) / longest)).toFixed(1)}%` };
  return (
    <li class={`tp-step tp-${step.status} ${back ? 'tp-back' : ''}`}>
      <Icon name={back && step.status === 'finished' ? 'back' : step.status} />
      <span class="tp-phase">
        {t.phase(step.phase)}
        {many && (
          <span class="tp-dim">
            {' '}
            <Name text={step.plugin} most={40} />
          </span>
        )}
        <span class={step.status === 'finished' ? 'tp-hidden' : 'tp-word'}>
          {' '}
          {t.stepStatus(step.status)}
        </span>
      </span>
      <span class="tp-time">{step.elapsed === null && elapsed < 1 ? '…' : seconds(elapsed)}</span>
      <span class="tp-track" aria-hidden="true">
        <span class="tp-bar" style={bar} />
      </span>
      {step.status === 'started' && step.done !== null && <Progress step={step} />}
      {step.error !== '' && !tells(said, step.error) && (
        <span class="tp-note tp-bad">{oneLine(step.error)}</span>
      )}
      {step.error === '' && step.detail !== '' && (
        <span class="tp-note tp-dim">{oneLine(step.detail)}</span>
      )}
    </li>
  );
}

const plain = (text: string): string => text.replace(/\s+/g, ' ').trim();

function tells(said: Failure | null, error: string): boolean {
  if (said === null) return false;
  return plain(`${said.words}\n${said.traceback}`).includes(plain(error).replace(/\.$/, ''));
}

function Progress({ step }: { step: Step }) {
  const { done, total } = step;
  if (done === null) return null;
  const text = t.bytes(size(done), total === null ? null : size(total));
  return (
    <span class="tp-note tp-progress">
      <progress
        aria-label={t.progress(step.phase)}
        {...(total === null ? {} : { value: Math.min(done, total), max: Math.max(total, 1) })}
      />{' '}
      {text}
    </span>
  );
}
