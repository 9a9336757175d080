"""SuiteCRM over SOAP v4_1: decisions over a narrow protocol of plain data, and the zeep transport below it."""
