//! The messages: of about 4 KB, like those people get, and the same in every run.

/// Words the texts are made of. One in a thousand messages has `zanzibar` in its subject, another thousandth in its text.
const WORDS: [&str; 32] = [
    "meeting", "invoice", "holiday", "report", "server", "please", "tomorrow", "budget", "letter", "garden", "weather", "train",
    "coffee", "window", "project", "review", "answer", "question", "morning", "evening", "market", "number", "paper", "street",
    "music", "summer", "winter", "people", "family", "money", "house", "water",
];

/// The message of this number.
pub fn letter(number: usize) -> Vec<u8> {
    let mut dice = Dice(number as u64 + 1);
    let (from, to) = (dice.word(), dice.word());
    let rare = if number % 1000 == 7 { "zanzibar" } else { dice.word() };
    let subject = format!("{} {rare} {}", dice.word(), dice.word());
    let (day, hour) = (1 + number % 28, number % 24);
    let mut text = format!(
        "Return-Path: <{from}@elsewhere.example>\r\n\
         Received: from mail.elsewhere.example (mail.elsewhere.example [192.0.2.1])\r\n\tby mx.example.org with ESMTPS id {number:08x}\r\n\
         \tfor <{to}@example.org>; {day} Jun 2026 {hour:02}:10:11 +0000\r\n\
         Received: from client.elsewhere.example (client.elsewhere.example [192.0.2.7])\r\n\tby mail.elsewhere.example with ESMTPSA;\r\n\
         \t{day} Jun 2026 {hour:02}:10:10 +0000\r\n\
         Message-ID: <{number}.{from}@elsewhere.example>\r\n\
         Date: {day} Jun 2026 {hour:02}:10:09 +0000\r\n\
         From: {from} of the {} <{from}@elsewhere.example>\r\n\
         To: {to} <{to}@example.org>, {} <someone@example.org>\r\n\
         Subject: {subject}\r\n\
         MIME-Version: 1.0\r\n\
         User-Agent: retrieval/1\r\n",
        dice.word(),
        dice.word(),
    );
    if number % 10 == 3 {
        text.push_str("Content-Type: multipart/mixed; boundary=\"=_part_of_it\"\r\n\r\n--=_part_of_it\r\n");
        text.push_str("Content-Type: text/plain; charset=utf-8\r\n\r\n");
        sentences(&mut text, &mut dice, 1000, number);
        text.push_str("--=_part_of_it\r\nContent-Type: image/png; name=\"a.png\"\r\nContent-Transfer-Encoding: base64\r\n");
        text.push_str("Content-Disposition: attachment; filename=\"a.png\"\r\n\r\n");
        for _ in 0..26 {
            text.push_str("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YA\r\n");
        }
        text.push_str("--=_part_of_it--\r\n");
    } else {
        text.push_str("Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 7bit\r\n\r\n");
        sentences(&mut text, &mut dice, 3000, number);
    }
    text.into_bytes()
}

fn sentences(text: &mut String, dice: &mut Dice, octets: usize, number: usize) {
    let end = text.len() + octets;
    if number % 1000 == 13 {
        text.push_str("In zanzibar it rains.\r\n");
    }
    while text.len() < end {
        for _ in 0..9 {
            text.push_str(dice.word());
            text.push(' ');
        }
        text.push_str("so.\r\n");
    }
}

/// Numbers that look random (xorshift64*).
struct Dice(u64);

impl Dice {
    fn word(&mut self) -> &'static str {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let drawn = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        WORDS.get(drawn as usize % WORDS.len()).copied().unwrap_or_default()
    }
}
