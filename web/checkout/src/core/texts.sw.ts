import type { PhoneFault } from './phone.js';

/** The reasons that a customer can do something about; the others come with the service's own words. */
type Reason =
  | 'insufficient_funds'
  | 'wrong_pin'
  | 'cancelled'
  | 'no_response'
  | 'expired'
  | 'prompt_not_sent'
  | 'pin_locked'
  | 'daily_limit'
  | 'no_answer'
  | 'subscriber_locked'
  | 'daraja_unavailable'
  | 'too_many_requests'
  | 'unauthenticated'
  | 'silence'
  | 'other';

type Word =
  | 'other'
  | 'title'
  | 'what'
  | 'phone'
  | 'pay'
  | 'how'
  | 'here'
  | 'sending'
  | 'unanswered'
  | 'waiting'
  | 'enter'
  | 'left'
  | 'checking'
  | 'unknown'
  | 'failed'
  | 'unsure'
  | 'late'
  | 'retry'
  | 'paid'
  | 'receipt'
  | 'later'
  | 'already'
  | 'extra'
  | 'twice'
  | 'review'
  | 'offline'
  | 'close'
  | 'wait';

export interface Texts extends Readonly<Record<Word, string>> {
  readonly fault: Readonly<Record<PhoneFault, string>>;
  readonly reason: Readonly<Record<Reason, string>>;
}

export const words: Texts = {
  other: 'English',
  title: 'Lipa kwa M-PESA',
  what: 'Ada ya kuweka nafasi',
  phone: 'Nambari ya simu ya M-PESA',
  pay: 'Lipa $',
  how: 'Ombi litafika kwenye #. Lithibitishe hapo kwa PIN yako ya M-PESA.',
  here: 'simu hii',
  sending: 'Tunatuma ombi…',
  unanswered: 'Bado hatujapata jibu. Tunauliza tena; hutatozwa mara mbili.',
  waiting: 'Angalia simu yako',
  enter: 'Weka PIN yako ya M-PESA kwenye # ili kulipa $.',
  left: 'sekunde zimebaki',
  checking: 'Tunathibitisha na M-PESA',
  unknown:
    'Bado hatujui kama pesa zimetumwa. Ikiwa kuna ombi kwenye simu yako, unaweza kulijibu. Usilipe tena; jibu litaonekana hapa.',
  failed: 'Malipo hayajafanyika',
  unsure: 'Malipo hayajathibitishwa',
  late: 'M-PESA ikithibitisha malipo baadaye, yataonekana hapa.',
  retry: 'Jaribu tena',
  paid: 'Malipo yamefanikiwa! Tunakutafutia fundi...',
  receipt: 'Risiti ya M-PESA',
  later: 'Nambari ya risiti itafuata.',
  already: 'Ada hii imelipwa.',
  extra: 'Ombi lingine likitokea kwenye simu yako, lighairi.',
  twice: 'Umelipa mara mbili. Malipo ya pili yatarudishwa kwako.',
  review: 'Malipo haya yanachunguzwa. Usilipe tena; wasiliana na biashara.',
  offline: 'Hakuna mtandao. Tutaendelea ukirudi.',
  close: 'Funga',
  wait: 'Jaribu tena baada ya #',
  fault: {
    empty: 'Weka nambari ya simu ya M-PESA.',
    digits: 'Tumia tarakimu pekee.',
    zero: 'Anza nambari kwa 0 au 254.',
    foreign: 'Hii si nambari ya Kenya (+254).',
    short: 'Nambari ni fupi mno.',
    long: 'Nambari ni ndefu mno.',
    mobile: 'Baada ya 0 au 254 hufuata 7 au 1.',
  },
  reason: {
    insufficient_funds: 'Hakuna pesa za kutosha kwenye akaunti ya M-PESA. Ongeza pesa, kisha ujaribu tena.',
    wrong_pin: 'M-PESA haikukubali PIN. Jaribu tena, na uiweke kwa makini.',
    cancelled: 'Ombi lilighairiwa kwenye simu. Jaribu tena ukiwa tayari.',
    no_response: 'Simu haikujibu kwa wakati. Hakikisha imewashwa na ina mtandao, kisha ujaribu tena.',
    expired: 'Ombi lilichukua muda mrefu. Jaribu tena, na uweke PIN mara tu linapotokea.',
    prompt_not_sent: 'M-PESA haikuweza kuonyesha ombi kwenye simu. Subiri dakika moja, kisha ujaribu tena.',
    pin_locked: 'PIN ya M-PESA imefungwa. Piga simu kwa Safaricom, au tumia nambari nyingine.',
    daily_limit: 'Kiwango cha M-PESA cha siku kimefikiwa. Jaribu tena kesho, au tumia nambari nyingine.',
    no_answer:
      'Hatukuweza kujua kama ada hii imelipwa. Ikiwa M-PESA ilichukua pesa, zitahesabiwa kama malipo yako au zitarudishwa. Angalia jumbe zako za M-PESA, na ujaribu tena tu kama hakuna uthibitisho.',
    subscriber_locked:
      'Kuna ombi lingine la M-PESA kwenye simu hii. Likamilishe au ulighairi, kisha ujaribu tena.',
    daraja_unavailable: 'M-PESA haipatikani au ina shughuli nyingi. Subiri dakika moja, kisha ujaribu tena.',
    too_many_requests: 'Maombi ya nambari hii yamezidi.',
    unauthenticated: 'Muda wako umeisha. Ingia tena, kisha ulipe.',
    silence:
      'Hatukupata jibu, kwa hivyo huenda kuna ombi kwenye simu yako. Jaribu tena: hutatozwa mara mbili.',
    other: 'Malipo haya hayawezi kufanyika sasa. Wasiliana na biashara.',
  },
};
