<?php
// Give a technical recommendation (rekomendasi teknis) over signed SOAP, as DPUPR.
//
//   php recommend.php <agency folder> <MessageID of the request> <case> [number] [1.1|1.2]

declare(strict_types=1);
require __DIR__ . '/SignedSoapClient.php';

[, $folder, $relatesTo, $case] = $argv;

try {
    $hub = SignedSoapClient::connect($folder, 'technical-recommendation', $argv[5] ?? '1.2');
    $hub->relatesTo = $relatesTo;
    $answer = $hub->Exchange([
        'case' => $case,
        'number' => $argv[4] ?? '600/0001/2026',
        'date' => (new DateTimeImmutable('now', new DateTimeZone('Asia/Jakarta')))->format('Y-m-d'),
        'favourable' => true,
        'official' => 'Ir. Contoh',
        'condition' => ['Garis sempadan bangunan 3 m'],
    ]);
    echo "acknowledged (diterima): $answer->messageId at $answer->receivedAt, exchange $answer->exchange\n";
} catch (SoapFault $fault) {
    fwrite(STDERR, SignedSoapClient::explain($fault) . "\n");
    exit(1);
} catch (RuntimeException $untrusted) {
    fwrite(STDERR, $untrusted->getMessage() . "\n");
    exit(1);
}
