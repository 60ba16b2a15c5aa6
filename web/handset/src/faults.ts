/** The switches of the side panel: each fault that was seen in the wild, in a sentence. */

import type { InBoth, Locale } from '../../language.js';

/** What a switch says: its title, and what it does. */
type Said = readonly [title: string, effect: string];

export interface Switch extends InBoth<Said> {
  kind: string;
}

export interface Group {
  title: InBoth<string>;
  switches: readonly Switch[];
}

export const GROUPS: readonly Group[] = [
  {
    title: { en: 'Callback', sw: 'Callback' },
    switches: [
      {
        kind: 'callback_lost',
        en: ['Lost', 'The result is never sent.'],
        sw: ['Imepotea', 'Matokeo hayatumwi kamwe.'],
      },
      {
        kind: 'callback_late',
        en: ['Late', 'The result comes 90 seconds later.'],
        sw: ['Imechelewa', 'Matokeo hufika sekunde 90 baadaye.'],
      },
      {
        kind: 'callback_twice',
        en: ['Twice', 'The result is sent two times.'],
        sw: ['Mara mbili', 'Matokeo hutumwa mara mbili.'],
      },
      {
        kind: 'callback_early',
        en: ['Early', 'The result comes before the answer to the push.'],
        sw: ['Mapema', 'Matokeo hufika kabla ya jibu la ombi.'],
      },
      {
        kind: 'callback_amount',
        en: ['Wrong amount', 'The result names one shilling more.'],
        sw: ['Kiasi kisicho sahihi', 'Matokeo hutaja shilingi moja zaidi.'],
      },
      {
        kind: 'callback_receipt',
        en: ['Wrong receipt', 'The result names the receipt of another payment.'],
        sw: ['Risiti isiyo sahihi', 'Matokeo hutaja risiti ya malipo mengine.'],
      },
      {
        kind: 'callback_then_success',
        en: ['Failure, then success', 'First “no response”, then the success.'],
        sw: ['Kushindwa, kisha kufaulu', 'Kwanza “hakuna jibu”, kisha kufaulu.'],
      },
    ],
  },
  {
    title: { en: 'Push', sw: 'Ombi (push)' },
    switches: [
      {
        kind: 'push_timeout_before',
        en: ['Silence, no prompt', 'No answer, and no prompt.'],
        sw: ['Kimya, bila ombi', 'Hakuna jibu, wala ombi kwenye simu.'],
      },
      {
        kind: 'push_timeout_after',
        en: ['Silence, with prompt', 'No answer, but a prompt.'],
        sw: ['Kimya, pamoja na ombi', 'Hakuna jibu, lakini ombi linafika.'],
      },
      {
        kind: 'push_500_before',
        en: ['Error 500, no prompt', 'An error, and no prompt.'],
        sw: ['Kosa 500, bila ombi', 'Kosa, wala ombi kwenye simu.'],
      },
      {
        kind: 'push_500_after',
        en: ['Error 500, with prompt', 'An error, but a prompt.'],
        sw: ['Kosa 500, pamoja na ombi', 'Kosa, lakini ombi linafika.'],
      },
      {
        kind: 'subscriber_locked',
        en: ['Subscriber locked', 'Another request is said to be open.'],
        sw: ['Mteja amefungiwa', 'Inasemekana kuna ombi lingine.'],
      },
    ],
  },
  {
    title: { en: 'Network and token', sw: 'Mtandao na tokeni' },
    switches: [
      {
        kind: 'http_html',
        en: ['HTML', 'A page of the firewall instead of JSON.'],
        sw: ['HTML', 'Ukurasa wa kinga ya mtandao badala ya JSON.'],
      },
      {
        kind: 'spike_arrest',
        en: ['Too busy', 'The gateway refuses with 429.'],
        sw: ['Shughuli nyingi mno', 'Lango linakataa kwa 429.'],
      },
      {
        kind: 'connection_dropped',
        en: ['Cut', 'The connection breaks.'],
        sw: ['Imekatika', 'Muunganisho unakatika.'],
      },
      {
        kind: 'slow',
        en: ['Slow', 'The answer takes five seconds more.'],
        sw: ['Polepole', 'Jibu huchukua sekunde tano zaidi.'],
      },
      {
        kind: 'token_expired',
        en: ['Token expired', 'The access token is refused.'],
        sw: ['Tokeni imeisha muda', 'Tokeni ya kuingia inakataliwa.'],
      },
      {
        kind: 'token_superseded',
        en: ['Token superseded', 'A newer token ends the older ones.'],
        sw: ['Tokeni imebadilishwa', 'Tokeni mpya hufuta za awali.'],
      },
    ],
  },
  {
    title: { en: 'Query', sw: 'Swali (query)' },
    switches: [
      {
        kind: 'query_false_failure',
        en: ['False failure', 'It says 1037 whatever happened.'],
        sw: ['Kushindwa kwa uongo', 'Husema 1037 hata iweje.'],
      },
      {
        kind: 'query_random_error',
        en: ['Random errors', 'It fails with an internal error.'],
        sw: ['Makosa ya nasibu', 'Hushindwa kwa hitilafu ya ndani.'],
      },
      {
        kind: 'query_pending',
        en: ['Always pending', 'It says “still under processing”.'],
        sw: ['Bado daima', 'Husema “bado inashughulikiwa”.'],
      },
      {
        kind: 'query_unknown',
        en: ['Unknown', 'It does not know the payment.'],
        sw: ['Haijulikani', 'Haiyajui malipo hayo.'],
      },
      {
        kind: 'query_limit',
        en: ['Limited', 'Five questions a minute.'],
        sw: ['Kikomo', 'Maswali matano kwa dakika.'],
      },
    ],
  },
  {
    title: { en: 'Money out: request', sw: 'Pesa zinazotoka: ombi' },
    switches: [
      {
        kind: 'out_500_before',
        en: ['Error 500, nothing moved', 'An error, and no money.'],
        sw: ['Kosa 500, hakuna pesa', 'Kosa, na hakuna pesa zilizotoka.'],
      },
      {
        kind: 'out_500_after',
        en: ['Error 500, money moved', 'An error, but the money is out.'],
        sw: ['Kosa 500, pesa zimetoka', 'Kosa, lakini pesa zimetoka.'],
      },
      {
        kind: 'out_text_after',
        en: ['Text, money moved', 'A proxy’s words, but the money is out.'],
        sw: ['Maandishi, pesa zimetoka', 'Maneno ya proksi, lakini pesa zimetoka.'],
      },
      {
        kind: 'out_dropped_before',
        en: ['Cut, nothing moved', 'The connection breaks first.'],
        sw: ['Imekatika, hakuna pesa', 'Muunganisho hukatika kwanza.'],
      },
      {
        kind: 'out_dropped_after',
        en: ['Cut, money moved', 'The money is out, then it breaks.'],
        sw: ['Imekatika, pesa zimetoka', 'Pesa hutoka, kisha hukatika.'],
      },
      {
        kind: 'v3_forbidden',
        en: ['Not allowed', 'B2C v3 is refused with 403.'],
        sw: ['Hairuhusiwi', 'B2C v3 inakataliwa kwa 403.'],
      },
    ],
  },
  {
    title: { en: 'Money out: result', sw: 'Pesa zinazotoka: matokeo' },
    switches: [
      {
        kind: 'result_lost',
        en: ['Lost', 'The Result is never sent.'],
        sw: ['Yamepotea', 'Matokeo hayatumwi kamwe.'],
      },
      {
        kind: 'result_late',
        en: ['Late', 'The Result comes 90 seconds later.'],
        sw: ['Yamechelewa', 'Matokeo hufika sekunde 90 baadaye.'],
      },
      {
        kind: 'result_twice',
        en: ['Twice', 'The Result is sent two times.'],
        sw: ['Mara mbili', 'Matokeo hutumwa mara mbili.'],
      },
      {
        kind: 'result_early',
        en: ['Early', 'The Result comes before the answer.'],
        sw: ['Mapema', 'Matokeo hufika kabla ya jibu.'],
      },
      {
        kind: 'result_amount',
        en: ['Wrong amount', 'The Result names one shilling more.'],
        sw: ['Kiasi kisicho sahihi', 'Matokeo hutaja shilingi moja zaidi.'],
      },
      {
        kind: 'result_recipient',
        en: ['Wrong recipient', 'The Result names another phone.'],
        sw: ['Mpokeaji asiye sahihi', 'Matokeo hutaja simu nyingine.'],
      },
      {
        kind: 'timeout_notice',
        en: ['Timeout', 'A timeout notice, and no money.'],
        sw: ['Muda umeisha', 'Ilani ya muda kuisha, na hakuna pesa.'],
      },
      {
        kind: 'timeout_then_success',
        en: ['Timeout, then success', 'A notice, then the money.'],
        sw: ['Muda umeisha, kisha kufaulu', 'Ilani, kisha pesa.'],
      },
      {
        kind: 'waiting_to_resend',
        en: ['Waiting', '“To be sent again”, then the money.'],
        sw: ['Inasubiri', '“Itatumwa tena”, kisha pesa.'],
      },
      {
        kind: 'duplicate_late',
        en: ['Duplicate', 'Paid, but the Result says duplicate.'],
        sw: ['Nakala', 'Imelipwa, lakini matokeo husema nakala.'],
      },
    ],
  },
  {
    title: { en: 'Money out: M-PESA says no', sw: 'Pesa zinazotoka: M-PESA inakataa' },
    switches: [
      {
        kind: 'no_funds',
        en: ['No funds', 'The account is said to be empty.'],
        sw: ['Hakuna pesa', 'Inasemekana akaunti haina pesa.'],
      },
      {
        kind: 'recipient_limit',
        en: ['Recipient’s limit', 'The phone would hold too much.'],
        sw: ['Kikomo cha mpokeaji', 'Simu ingekuwa na pesa nyingi mno.'],
      },
      {
        kind: 'recipient_unknown',
        en: ['Recipient unknown', 'The number is no customer’s.'],
        sw: ['Mpokeaji hajulikani', 'Nambari si ya mteja yeyote.'],
      },
      {
        kind: 'reversed_elsewhere',
        en: ['Reversed elsewhere', 'The portal was faster.'],
        sw: ['Imerudishwa kwingine', 'Tovuti ya M-PESA ilitangulia.'],
      },
      {
        kind: 'initiator_locked',
        en: ['Initiator locked', 'The password is locked.'],
        sw: ['Mwanzilishi amefungiwa', 'Nenosiri limefungwa.'],
      },
      {
        kind: 'initiator_silent',
        en: ['Initiator silent', 'Acknowledged, and then nothing.'],
        sw: ['Mwanzilishi kimya', 'Limepokelewa, kisha kimya.'],
      },
    ],
  },
  {
    title: { en: 'Status question', sw: 'Swali la hali' },
    switches: [
      {
        kind: 'status_unknown',
        en: ['Unknown at first', 'Not known for two minutes.'],
        sw: ['Haijulikani mwanzoni', 'Haijulikani kwa dakika mbili.'],
      },
      {
        kind: 'status_lost',
        en: ['Lost', 'The answer is never sent.'],
        sw: ['Limepotea', 'Jibu halitumwi kamwe.'],
      },
      {
        kind: 'status_slow',
        en: ['Slow', 'The answer takes a minute more.'],
        sw: ['Polepole', 'Jibu huchukua dakika moja zaidi.'],
      },
    ],
  },
];

/** What a fault is called on its switch, with its group; one that has no switch, by its kind. */
export function faultTitle(kind: string, locale: Locale): string {
  for (const { title, switches } of GROUPS) {
    const found = switches.find((one) => one.kind === kind);
    if (found) return `${title[locale]}, ${found[locale][0]}`;
  }
  return kind;
}
