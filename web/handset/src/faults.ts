/** The switches of the side panel: each fault that was seen in the wild, in a sentence. */

export interface Switch {
  kind: string;
  title: string;
  effect: string;
}

export interface Group {
  title: string;
  switches: readonly Switch[];
}

export const GROUPS: readonly Group[] = [
  {
    title: 'Callback',
    switches: [
      { kind: 'callback_lost', title: 'Lost', effect: 'The result is never sent.' },
      { kind: 'callback_late', title: 'Late', effect: 'The result comes 90 seconds later.' },
      { kind: 'callback_twice', title: 'Twice', effect: 'The result is sent two times.' },
      { kind: 'callback_early', title: 'Early', effect: 'The result comes before the answer to the push.' },
      { kind: 'callback_amount', title: 'Wrong amount', effect: 'The result names one shilling more.' },
      {
        kind: 'callback_receipt',
        title: 'Wrong receipt',
        effect: 'The result names the receipt of another payment.',
      },
      {
        kind: 'callback_then_success',
        title: 'Failure, then success',
        effect: 'First “no response”, then the success.',
      },
    ],
  },
  {
    title: 'Push',
    switches: [
      { kind: 'push_timeout_before', title: 'Silence, no prompt', effect: 'No answer, and no prompt.' },
      { kind: 'push_timeout_after', title: 'Silence, with prompt', effect: 'No answer, but a prompt.' },
      { kind: 'push_500_before', title: 'Error 500, no prompt', effect: 'An error, and no prompt.' },
      { kind: 'push_500_after', title: 'Error 500, with prompt', effect: 'An error, but a prompt.' },
      {
        kind: 'subscriber_locked',
        title: 'Subscriber locked',
        effect: 'Another request is said to be open.',
      },
    ],
  },
  {
    title: 'Network and token',
    switches: [
      { kind: 'http_html', title: 'HTML', effect: 'A page of the firewall instead of JSON.' },
      { kind: 'spike_arrest', title: 'Too busy', effect: 'The gateway refuses with 429.' },
      { kind: 'connection_dropped', title: 'Cut', effect: 'The connection breaks.' },
      { kind: 'slow', title: 'Slow', effect: 'The answer takes five seconds more.' },
      { kind: 'token_expired', title: 'Token expired', effect: 'The access token is refused.' },
      { kind: 'token_superseded', title: 'Token superseded', effect: 'A newer token ends the older ones.' },
    ],
  },
  {
    title: 'Query',
    switches: [
      { kind: 'query_false_failure', title: 'False failure', effect: 'It says 1037 whatever happened.' },
      { kind: 'query_random_error', title: 'Random errors', effect: 'It fails with an internal error.' },
      { kind: 'query_pending', title: 'Always pending', effect: 'It says “still under processing”.' },
      { kind: 'query_unknown', title: 'Unknown', effect: 'It does not know the payment.' },
      { kind: 'query_limit', title: 'Limited', effect: 'Five questions a minute.' },
    ],
  },
  {
    title: 'Money out: request',
    switches: [
      { kind: 'out_500_before', title: 'Error 500, nothing moved', effect: 'An error, and no money.' },
      { kind: 'out_500_after', title: 'Error 500, money moved', effect: 'An error, but the money is out.' },
      {
        kind: 'out_text_after',
        title: 'Text, money moved',
        effect: 'A proxy’s words, but the money is out.',
      },
      { kind: 'out_dropped_before', title: 'Cut, nothing moved', effect: 'The connection breaks first.' },
      { kind: 'out_dropped_after', title: 'Cut, money moved', effect: 'The money is out, then it breaks.' },
      { kind: 'v3_forbidden', title: 'Not allowed', effect: 'B2C v3 is refused with 403.' },
    ],
  },
  {
    title: 'Money out: result',
    switches: [
      { kind: 'result_lost', title: 'Lost', effect: 'The Result is never sent.' },
      { kind: 'result_late', title: 'Late', effect: 'The Result comes 90 seconds later.' },
      { kind: 'result_twice', title: 'Twice', effect: 'The Result is sent two times.' },
      { kind: 'result_early', title: 'Early', effect: 'The Result comes before the answer.' },
      { kind: 'result_amount', title: 'Wrong amount', effect: 'The Result names one shilling more.' },
      { kind: 'result_recipient', title: 'Wrong recipient', effect: 'The Result names another phone.' },
      { kind: 'timeout_notice', title: 'Timeout', effect: 'A timeout notice, and no money.' },
      { kind: 'timeout_then_success', title: 'Timeout, then success', effect: 'A notice, then the money.' },
      { kind: 'waiting_to_resend', title: 'Waiting', effect: '“To be sent again”, then the money.' },
      { kind: 'duplicate_late', title: 'Duplicate', effect: 'Paid, but the Result says duplicate.' },
    ],
  },
  {
    title: 'Money out: M-PESA says no',
    switches: [
      { kind: 'no_funds', title: 'No funds', effect: 'The account is said to be empty.' },
      { kind: 'recipient_limit', title: 'Recipient’s limit', effect: 'The phone would hold too much.' },
      { kind: 'recipient_unknown', title: 'Recipient unknown', effect: 'The number is no customer’s.' },
      { kind: 'reversed_elsewhere', title: 'Reversed elsewhere', effect: 'The portal was faster.' },
      { kind: 'initiator_locked', title: 'Initiator locked', effect: 'The password is locked.' },
      { kind: 'initiator_silent', title: 'Initiator silent', effect: 'Acknowledged, and then nothing.' },
    ],
  },
  {
    title: 'Status question',
    switches: [
      { kind: 'status_unknown', title: 'Unknown at first', effect: 'Not known for two minutes.' },
      { kind: 'status_lost', title: 'Lost', effect: 'The answer is never sent.' },
      { kind: 'status_slow', title: 'Slow', effect: 'The answer takes a minute more.' },
    ],
  },
];
