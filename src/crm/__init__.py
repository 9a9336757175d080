"""External CRMs behind the `CrmSink` port. Session, rate budget and transport are three parts below each adapter."""
