<?php
// Ask the hub for an echo: is everything set up well?
//
//   php echo.php <agency folder> [text] [1.1|1.2]

declare(strict_types=1);
require __DIR__ . '/SignedSoapClient.php';

try {
    $hub = SignedSoapClient::connect($argv[1], 'meta.echo', $argv[3] ?? '1.2');
    $answer = $hub->Exchange(['text' => $argv[2] ?? 'Halo, hub!']);
    echo "echo (gema): $answer->text - agreement $answer->agreement\n";
} catch (SoapFault $fault) {
    fwrite(STDERR, SignedSoapClient::explain($fault) . "\n");
    exit(1);
} catch (RuntimeException $untrusted) {
    fwrite(STDERR, $untrusted->getMessage() . "\n");
    exit(1);
}
